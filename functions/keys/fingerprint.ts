import { fromBase64, hmacKey, toBytes, toHex } from '../../shared/signatures/bytes.ts';

/** Tells keys apart without saying anything about them: 16 hex digits of an HMAC under the Worker's own secret. */
export type Fingerprint = (provider: string, key: string) => Promise<string>;

/** `secret` is base64. Keyed, so that a list of fingerprints cannot be tried against a list of leaked keys. */
export async function createFingerprint(secret: string): Promise<Fingerprint> {
  const bytes = fromBase64(secret);
  if (!bytes) throw new Error('The secret for fingerprints must be base64.');
  const hmac = await hmacKey(bytes);
  return async function fingerprint(provider, key) {
    const mac = await crypto.subtle.sign('HMAC', hmac, toBytes(`fingerprint|${provider}|${key}`));
    return toHex(new Uint8Array(mac)).slice(0, 16);
  };
}

/** The last four characters; none of a short key, of which they would be too much. */
export const last4 = (key: string) => (key.length >= 12 ? key.slice(-4) : '');
