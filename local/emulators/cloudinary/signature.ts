import { createHash, timingSafeEqual } from 'node:crypto';
import { type Refusal, refusal } from './errors.ts';

export type Params = ReadonlyMap<string, string>;
export type Credentials = { apiKey: string; apiSecret: string };

const UNSIGNED = ['file', 'cloud_name', 'resource_type', 'api_key', 'signature'];
const HOUR_MS = 3_600_000;

/** What keeps a signed request from being accepted; undefined if nothing does. */
export function authenticate(params: Params, { apiKey, apiSecret }: Credentials, now: number): Refusal | undefined {
  const key = params.get('api_key');
  const signature = params.get('signature');
  const timestamp = params.get('timestamp');
  if (!key && !signature) return refusal(400, 'Upload preset must be specified when using unsigned upload');
  if (key !== apiKey) return refusal(401, key ? `Unknown API key ${key}` : 'Must supply api_key');
  if (!signature) return refusal(400, 'Missing required parameter - signature');
  if (!timestamp) return refusal(400, 'Missing required parameter - timestamp');
  const text = stringToSign(params);
  if (!matches(signature, text + apiSecret)) {
    return refusal(401, `Invalid Signature ${signature}. String to sign - '${text}'.`);
  }
  return staleness(timestamp, now);
}

/** Sorted `key=value` pairs without the empty ones; `&` inside a pair is escaped (the vendor's signature version 2). */
export function stringToSign(params: Params): string {
  return [...params]
    .filter(([name, value]) => !UNSIGNED.includes(name) && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`.replaceAll('&', '%26'))
    .join('&');
}

/** The signature of an answer, by which a client can tell that an upload is real. */
export function signAnswer(publicId: string, version: number, requestSignature: string, apiSecret: string): string {
  return digest(algorithmOf(requestSignature), `public_id=${publicId}&version=${version}${apiSecret}`);
}

// Accounts are set to one of two algorithms; the length tells which one the client believes in.
const algorithmOf = (signature: string) => (signature.length === 64 ? 'sha256' : 'sha1');
const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex');

function matches(signature: string, text: string): boolean {
  const expected = Buffer.from(digest(algorithmOf(signature), text));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function staleness(timestamp: string, now: number): Refusal | undefined {
  if (!/^\d+$/.test(timestamp)) return refusal(400, `Invalid timestamp ${timestamp}`);
  const at = Number(timestamp) * 1000;
  if (Math.abs(now - at) <= HOUR_MS) return undefined;
  const reported = new Date(Math.min(at, 8.64e15))
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' +0000');
  return refusal(400, `Stale request - reported time is ${reported} which is more than 1 hour ago`);
}
