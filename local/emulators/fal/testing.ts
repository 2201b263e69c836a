import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import type { Received } from '../support/testing.ts';

/** Verifies a webhook as fal documents it: ed25519 over request id, user id, timestamp and the body's SHA-256. */
export async function verifyWebhook(
  origin: string,
  { headers, body }: Pick<Received, 'headers' | 'body'>,
): Promise<boolean> {
  const { keys } = (await (await fetch(`${origin}/.well-known/jwks.json`)).json()) as { keys: JsonWebKey[] };
  const named = (name: string) => headers[`x-fal-webhook-${name}`] ?? '';
  const digest = createHash('sha256').update(body).digest('hex');
  const message = [named('request-id'), named('user-id'), named('timestamp'), digest].join('\n');
  const signature = Buffer.from(named('signature'), 'hex');
  return keys.some((key) => verify(null, Buffer.from(message), createPublicKey({ key, format: 'jwk' }), signature));
}
