import { showWebhookSecret } from '../../shared/contract/webhooks.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import { deriveWebhookSecret } from '../../shared/signatures/derive.ts';
import type { CallbackDeps } from './deps.ts';

/** `GET /v1/webhooks/default/secret` → `{key: "whsec_…"}`: what verifies messages to `webhook_url`s of the caller's account. */
export const webhookSecretRoute = ({ db, webhookMaster }: CallbackDeps): Route =>
  route({
    ...showWebhookSecret,
    async handle({ credential }, c) {
      const { account_id, secret_version } = unwrap(await db.defaultWebhook(credential));
      const key = await deriveWebhookSecret({ master: webhookMaster, accountId: account_id, version: secret_version });
      return c.json({ key });
    },
  });
