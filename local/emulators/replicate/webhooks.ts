import { createHash, createHmac } from 'node:crypto';

/** What a webhook of a prediction needs at every try. The body is the prediction as it was at that event. */
export type PredictionHook = { message_id: string; body: string; secret: string; badSignature: boolean };

/** The signing secret of the account behind an API token, always the same for the same token. */
export function webhookSecretOf(token: string): string {
  return `whsec_${createHash('sha256').update(`replicate webhook secret of ${token}`).digest('base64')}`;
}

/** Headers of one try in Standard Webhooks form: HMAC-SHA256 over `id.timestamp.body`, signed at `now` (ms). */
export function signWebhook(hook: PredictionHook, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const secret = hook.badSignature ? webhookSecretOf('somebody else') : hook.secret;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${hook.message_id}.${timestamp}.${hook.body}`).digest('base64');
  return {
    'webhook-id': hook.message_id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
