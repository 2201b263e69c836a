import { described, named, optional, text } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AuditEntryId } from './ids.ts';
import { listOf, pageQuery, queryInstant } from './lists.ts';
import { contract } from './route-doc.ts';
import { JsonObject, Timestamp } from './scalars.ts';
import { KeyScope, KeyScopeId, namesItsProject } from './scopes.ts';

export const AuditEntry = named(
  'AuditEntry',
  () =>
    z.looseObject({
      id: AuditEntryId(),
      at: Timestamp(),
      actor: described(z.string(), 'An `ak_…`, a user, or `system`'),
      user_id: z.nullable(z.string()),
      action: described(z.string(), '`provider_key.created`, `setting.changed`, `member.removed`, …'),
      target: z.object({ kind: z.string(), id: z.string() }),
      before: described(z.nullable(JsonObject()), 'Of a change, the fields that differ'),
      after: z.nullable(JsonObject()),
    }),
  'Who did what to which key, setting, member or grant. Never changed.',
);

export const listAuditLog = contract({
  method: 'get',
  path: '/v1/audit-log',
  scopes: ['keys'],
  tag: 'Audit log',
  summary: 'What was done in an account, newest first',
  query: () =>
    z
      .strictObject({
        scope: z.optional(KeyScope()),
        scope_id: z.optional(KeyScopeId()),
        actor: z.optional(text(1, 100)),
        action: z.optional(text(1, 100)),
        target: optional(text(1, 200), 'The id of what it was done to'),
        from: z.optional(queryInstant()),
        to: z.optional(queryInstant()),
        // No more digits than a bigint always holds.
        ...pageQuery(/^\d{1,18}$/),
      })
      .check(namesItsProject()),
  answers: { 200: { description: 'A page of entries', schema: listOf(AuditEntry) } },
  refusals: ['forbidden', 'not_found'],
});
