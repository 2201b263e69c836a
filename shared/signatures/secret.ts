import { type Bytes, fromBase64, toBase64 } from './bytes.ts';

const PREFIX = 'whsec_';
const SHORTEST = 24;
const LONGEST = 64;

/**
 * The key bytes of a `whsec_…` secret (Standard Webhooks: 24 to 64 bytes, base64), or null.
 * Libraries that took `""` or `"whsec_"` for a key let anybody sign; hence null and never an empty key.
 */
export function decodeSecret(secret: string): Bytes | null {
  if (!secret.startsWith(PREFIX)) return null;
  const bytes = fromBase64(secret.slice(PREFIX.length));
  return bytes && bytes.length >= SHORTEST && bytes.length <= LONGEST ? bytes : null;
}

/** Like {@link decodeSecret}, for signing: throws on a secret that could not be verified either. Never echoes it. */
export function requireSecret(secret: string): Bytes {
  const bytes = decodeSecret(secret);
  if (!bytes)
    throw new TypeError(`a signing secret must be ${PREFIX} followed by ${SHORTEST} to ${LONGEST} base64 bytes`);
  return bytes;
}

export function encodeSecret(bytes: Uint8Array): string {
  return PREFIX + toBase64(bytes);
}
