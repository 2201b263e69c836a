import { mintInvitation, sha256Hex } from '../../shared/auth/secrets.ts';
import { pageOf } from '../../shared/contract/lists.ts';
import * as contract from '../../shared/contract/organizations.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** Who belongs to an organisation, and how one comes and goes. */
export const memberRoutes = (deps: KeysDeps): Route[] => [
  ...invitationRoutes(deps),
  route({
    ...contract.listMembers,
    async handle({ credential, params, query }, c) {
      const { data } = unwrap(await deps.db.listMembers(credential, params.id));
      return c.json(pageOf(data, query, ({ user_id }) => user_id));
    },
  }),
  route({
    ...contract.changeMember,
    handle: async ({ credential, params, body }, c) =>
      c.json(unwrap(await deps.db.changeMember(credential, params.id, params.user_id, body.role))),
  }),
  route({
    ...contract.removeMember,
    async handle({ credential, params, query }, c) {
      const { id, user_id } = params;
      unwrap(await deps.db.removeMember(credential, id, user_id, query.keep_api_keys === 'true'));
      return c.body(null, 204);
    },
  }),
];

const invitationRoutes = ({ db }: KeysDeps): Route[] => [
  invite(db, contract.inviteMember),
  invite(db, contract.createInvitation),
  route({
    ...contract.listInvitations,
    async handle({ credential, params, query }, c) {
      const { data } = unwrap(await db.listInvitations(credential, params.id));
      return c.json(pageOf(data, query, ({ id }) => id));
    },
  }),
  route({
    ...contract.revokeInvitation,
    async handle({ credential, params }, c) {
      unwrap(await db.revokeInvitation(credential, params.id, params.invitation_id));
      return c.body(null, 204);
    },
  }),
  route({
    ...contract.acceptInvitation,
    async handle({ credential, body, idempotencyKey }, c) {
      const once = await onceOf(c, idempotencyKey, body);
      const joined = await db.acceptInvitation(credential, await sha256Hex(body.token), once);
      const { replayed, ...organization } = unwrap(joined);
      markReplayed(c, replayed);
      return c.json(organization);
    },
  }),
];

/** The token is ours to make and nobody's to read again: a replay comes without it. */
const invite = (db: KeysDeps['db'], doc: typeof contract.inviteMember | typeof contract.createInvitation): Route =>
  route({
    ...doc,
    async handle({ credential, params, body, idempotencyKey }, c) {
      const token = mintInvitation();
      const request = { ...body, token_hash: await sha256Hex(token) };
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...invitation } = unwrap(await db.inviteMember(credential, params.id, request, once));
      markReplayed(c, replayed);
      return c.json({ ...invitation, ...(!replayed && { token }) }, 201);
    },
  });
