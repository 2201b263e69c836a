import { mintSecret, sha256Hex } from '../../shared/auth/secrets.ts';
import * as contract from '../../shared/contract/api-keys.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `/v1/client-tokens`: what an app may hold for one of its users. Shown once, like a key. */
export const clientTokenRoutes = ({ db }: KeysDeps): Route[] => [
  route({
    ...contract.createClientToken,
    async handle({ credential, body, idempotencyKey }, c) {
      const token = mintSecret('client_token');
      const request = {
        ...body,
        allowed_models: body.allowed_models ?? undefined,
        max_credits: body.max_credits ?? undefined,
      };
      const once = await onceOf(c, idempotencyKey, body);
      const made = await db.createClientToken(credential, request, await sha256Hex(token), once);
      const { replayed, ...row } = unwrap(made);
      markReplayed(c, replayed);
      return c.json({ ...row, ...(!replayed && { token }) }, 201);
    },
  }),
  route({
    ...contract.revokeClientToken,
    async handle({ credential, params }, c) {
      unwrap(await db.revokeClientToken(credential, params.id));
      return c.body(null, 204);
    },
  }),
];
