import { mintSecret, sha256Hex } from '../../shared/auth/secrets.ts';
import * as contract from '../../shared/contract/api-keys.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `/v1/api-keys`. A key is shown when it is made and never again: the database has its hash, and a replay comes without it. */
export const apiKeyRoutes = (deps: KeysDeps): Route[] => [create(deps), roll(deps), ...others(deps)];

const create = ({ db }: KeysDeps): Route =>
  route({
    ...contract.createApiKey,
    async handle({ credential, body, idempotencyKey }, c) {
      const { key, ...kept } = await newKey();
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...row } = unwrap(await db.createApiKey(credential, { ...body, ...kept }, once));
      markReplayed(c, replayed);
      return c.json({ ...row, ...(!replayed && { key }) }, 201);
    },
  });

const roll = ({ db }: KeysDeps): Route =>
  route({
    ...contract.rollApiKey,
    async handle({ credential, params, body, idempotencyKey }, c) {
      const { key, ...kept } = await newKey();
      const once = await onceOf(c, idempotencyKey, body);
      const { replayed, ...row } = unwrap(await db.rollApiKey(credential, params.id, { ...body, ...kept }, once));
      markReplayed(c, replayed);
      return c.json({ ...row, ...(!replayed && { key }) }, 201);
    },
  });

const others = ({ db }: KeysDeps): Route[] => [
  route({
    ...contract.listApiKeys,
    handle: async ({ credential, query }, c) => c.json(unwrap(await db.listApiKeys(credential, query))),
  }),
  route({
    ...contract.showApiKey,
    handle: async ({ credential, params }, c) => c.json(unwrap(await db.getApiKey(credential, params.id))),
  }),
  route({
    ...contract.changeApiKey,
    handle: async ({ credential, params, body }, c) =>
      c.json(unwrap(await db.patchApiKey(credential, params.id, body))),
  }),
  route({
    ...contract.revokeApiKey,
    async handle({ credential, params }, c) {
      unwrap(await db.revokeApiKey(credential, params.id));
      return c.body(null, 204);
    },
  }),
];

/** `dk_live_` and four more characters are enough to know it by, and far too few to guess it from. */
const PREFIX_LENGTH = 12;

async function newKey() {
  const key = mintSecret('api_key');
  return { key, prefix: key.slice(0, PREFIX_LENGTH), hash: await sha256Hex(key) };
}
