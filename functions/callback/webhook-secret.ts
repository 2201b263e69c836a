import { Hono } from 'hono';
import { credentialOf } from '../../shared/auth/credential.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { deriveWebhookSecret } from '../../shared/signatures/derive.ts';
import type { CallbackDeps } from './deps.ts';

/** `GET /v1/webhooks/default/secret` → `{key: "whsec_…"}`: what verifies messages to `webhook_url`s of the caller's account. */
export function webhookSecretRoutes({ db, verifyUser, webhookMaster }: CallbackDeps): Hono {
  return new Hono().get('/v1/webhooks/default/secret', async (c) => {
    const credential = unwrap(await credentialOf(c.req.raw.headers, verifyUser));
    const { account_id, secret_version } = unwrap(await db.defaultWebhook(credential));
    const key = await deriveWebhookSecret({ master: webhookMaster, accountId: account_id, version: secret_version });
    return c.json({ key }, 200, { 'cache-control': 'no-store' });
  });
}
