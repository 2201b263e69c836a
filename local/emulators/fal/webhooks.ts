import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import type { Database } from '../support/store.ts';

export type Signer = {
  /** The key set of `/.well-known/jwks.json`. */
  jwks: { keys: JsonWebKey[] };
  /** Headers of one try, signed at `now` (ms). */
  headers(hook: {
    requestId: string;
    userId: string;
    body: string;
    badSignature: boolean;
    now: number;
  }): Record<string, string>;
};

/** Signs as fal does, with an ed25519 key that is made once and kept in the state. */
export function createSigner(database: Database): Signer {
  const table = database.table<JsonWebKey>('signing_keys');
  const kept = table.get('current') ?? generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  table.put('current', kept);
  const key = createPrivateKey({ key: kept, format: 'jwk' });
  const { kty, crv, x } = kept;
  return {
    jwks: { keys: [{ kty, crv, x, alg: 'EdDSA', use: 'sig', kid: 'emulator' }] },
    headers({ requestId, userId, body, badSignature, now }) {
      const timestamp = String(Math.floor(now / 1000));
      const signed = badSignature ? `${body} ` : body;
      const message = [requestId, userId, timestamp, createHash('sha256').update(signed).digest('hex')].join('\n');
      return {
        'x-fal-webhook-request-id': requestId,
        'x-fal-webhook-user-id': userId,
        'x-fal-webhook-timestamp': timestamp,
        'x-fal-webhook-signature': sign(null, Buffer.from(message), key).toString('hex'),
      };
    },
  };
}
