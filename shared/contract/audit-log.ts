import * as z from 'zod';
import { listOf, pageQuery, queryInstant } from './lists.ts';
import { KeyScope, KeyScopeId } from './provider-keys.ts';
import { contract } from './route-doc.ts';
import { JsonObject, Timestamp } from './scalars.ts';

export const AuditEntry = z
  .looseObject({
    id: z.string(),
    at: Timestamp,
    actor: z.string().describe('An `ak_…`, a user, or `system`'),
    user_id: z.string().nullable(),
    action: z.string().describe('`provider_key.created`, `setting.changed`, `member.removed`, …'),
    target: z.object({ kind: z.string(), id: z.string() }),
    before: JsonObject.nullable().describe('Of a change, the fields that differ'),
    after: JsonObject.nullable(),
  })
  .meta({ id: 'AuditEntry', description: 'Who did what to which key, setting, member or grant. Never changed.' });

export const listAuditLog = contract({
  method: 'get',
  path: '/v1/audit-log',
  scopes: ['keys'],
  tag: 'Audit log',
  summary: 'What was done in an account, newest first',
  query: z.strictObject({
    scope: KeyScope.optional(),
    scope_id: KeyScopeId.optional(),
    actor: z.string().min(1).max(100).optional(),
    action: z.string().min(1).max(100).optional(),
    target: z.string().min(1).max(200).optional().describe('The id of what it was done to'),
    from: queryInstant.optional(),
    to: queryInstant.optional(),
    // No more digits than a bigint always holds.
    ...pageQuery(/^\d{1,18}$/),
  }),
  answers: { 200: { description: 'A page of entries', schema: listOf(AuditEntry) } },
  refusals: ['forbidden', 'not_found'],
});
