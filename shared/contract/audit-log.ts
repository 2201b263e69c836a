import * as z from 'zod';
import { AccountId, OrganizationId } from './ids.ts';
import { listOf, pageQuery, queryInstant } from './lists.ts';
import { contract } from './route-doc.ts';
import { JsonObject, Timestamp } from './scalars.ts';

export const AuditEntry = z
  .looseObject({
    id: z.string(),
    at: Timestamp,
    actor: z.string().nullable().describe('An `ak_…`, a user, or `system`'),
    action: z.string().describe('`provider_key.created`, `setting.changed`, `member.removed`, …'),
    target: z.string().nullable().describe('The id of what it was done to'),
    data: JsonObject.optional(),
  })
  .meta({ id: 'AuditEntry', description: 'Who did what to which key, setting, member or grant. Never changed.' });

export const listAuditLog = contract({
  method: 'get',
  path: '/v1/audit-log',
  tag: 'Audit log',
  summary: 'What was done in an account, newest first',
  query: z.strictObject({
    account_id: AccountId.optional(),
    organization_id: OrganizationId.optional(),
    action: z.string().min(1).max(100).optional(),
    target: z.string().min(1).max(100).optional(),
    from: queryInstant.optional(),
    to: queryInstant.optional(),
    ...pageQuery(),
  }),
  answers: { 200: { description: 'A page of entries', schema: listOf(AuditEntry) } },
  refusals: ['forbidden', 'not_found'],
});
