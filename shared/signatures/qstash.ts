import { jwtVerify } from 'jose';
import { sha256, toBase64Url, toBytes } from './bytes.ts';

const LONGEST_JWT = 4_096;
/** QStash's own keys are `sig_` and 28 characters or more; shorter is a missing or mangled setting. */
const SHORTEST_KEY = 16;
/** Upstash's clock against ours; the token itself lives five minutes. */
const CLOCK_TOLERANCE_SECONDS = 30;

export type QStashMessage = {
  /** The header `Upstash-Signature`. */
  jwt: string | null;
  body: string | Uint8Array;
  /** The exact URL that was published to. */
  url: string;
  currentKey: string;
  nextKey: string;
  /** Milliseconds. */
  now: number;
};

/**
 * Verifies the JWT that QStash puts on a delivery: HS256 with the current key, else the next; issuer `Upstash`, exactly
 * this URL as subject, `exp`, `nbf` and `jti` present, and the body's SHA-256.
 *
 * Not `Receiver` of `@upstash/qstash` 2.12: it lets any HMAC algorithm through, needs no `exp` or `nbf`, reads the wall
 * clock, and with `QSTASH_DEV=true` in the environment takes Upstash's public development keys.
 * @see https://upstash.com/docs/qstash/features/security
 */
export async function verifyQStash(
  message: QStashMessage,
): Promise<{ ok: true; jti: string } | { ok: false; reason: 'keys' | 'token' | 'body' }> {
  const keys = [message.currentKey, message.nextKey];
  if (keys.some((key) => typeof key !== 'string' || key.length < SHORTEST_KEY)) return { ok: false, reason: 'keys' };
  if (!message.jwt || message.jwt.length > LONGEST_JWT) return { ok: false, reason: 'token' };
  for (const key of keys) {
    const claims = await readClaims(message.jwt, key, message);
    if (!claims) continue;
    const hash = toBase64Url(await sha256(message.body));
    if (String(claims.body).replace(/=+$/, '') !== hash) return { ok: false, reason: 'body' };
    return { ok: true, jti: String(claims.jti) };
  }
  return { ok: false, reason: 'token' };
}

async function readClaims(jwt: string, key: string, { url, now }: { url: string; now: number }) {
  try {
    const { payload } = await jwtVerify(jwt, toBytes(key), {
      algorithms: ['HS256'],
      issuer: 'Upstash',
      subject: url,
      requiredClaims: ['exp', 'nbf', 'jti', 'body'],
      currentDate: new Date(now),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return payload;
  } catch {
    return null;
  }
}
