import { hmacKey, toBase64, toBase64Url, toBytes } from '../signatures/bytes.ts';
import type { CheckRow } from './checks.ts';

type Secrets = { key: string; secret?: string; now: () => number };

/** The headers that carry a key as the vendor wants it; null where its second half is missing. */
export async function checkHeaders(row: CheckRow, secrets: Secrets): Promise<Record<string, string> | null> {
  const credential = row.form ? {} : await credentialOf(row.auth, secrets);
  return credential && { accept: 'application/json', ...row.headers, ...credential };
}

async function credentialOf(auth: CheckRow['auth'], secrets: Secrets): Promise<Record<string, string> | null> {
  const { key, secret } = secrets;
  if (auth === 'bearer') return { authorization: `Bearer ${key}` };
  if (auth.startsWith('header ')) return { [auth.slice('header '.length)]: key };
  if (secret === undefined) return null;
  if (auth === 'basic') return { authorization: `Basic ${toBase64(toBytes(`${key}:${secret}`))}` };
  if (auth === 'modal') return { 'Modal-Key': key, 'Modal-Secret': secret };
  return { authorization: `Bearer ${await klingToken(key, secret, secrets.now())}` };
}

/** Kling takes a JWT (HS256) that the caller makes of its access key and secret, good for half an hour. */
async function klingToken(key: string, secret: string, now: number): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const encode = (value: object) => toBase64Url(toBytes(JSON.stringify(value)));
  const head = encode({ alg: 'HS256', typ: 'JWT' });
  const body = encode({ iss: key, exp: seconds + 1_800, nbf: seconds - 5 });
  const signature = await crypto.subtle.sign('HMAC', await hmacKey(toBytes(secret)), toBytes(`${head}.${body}`));
  return `${head}.${body}.${toBase64Url(new Uint8Array(signature))}`;
}
