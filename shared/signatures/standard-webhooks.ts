import { fromBase64, hmacKey, toBase64, toBytes } from './bytes.ts';
import { type HeadersLike, singleHeader } from './headers.ts';
import { decodeSecret, requireSecret } from './secret.ts';

/** Most signatures one message may carry; rotation needs two or three. */
const MOST_SIGNATURES = 20;
const DEFAULT_TOLERANCE_SECONDS = 120;

export type Verified = { ok: true; id: string; timestamp: number };
export type VerifyFailure = 'secret' | 'headers' | 'id' | 'timestamp' | 'stale' | 'signature_form' | 'signature';

export type Signable = {
  /** Printable ASCII without `.`, at most 256 characters; constant over all tries of a message. */
  id: string;
  /** Unix seconds at the moment of sending: a signature made when a message is queued is stale by its third try. */
  timestamp: number;
  body: string | Uint8Array;
  /** `whsec_` and 24 to 64 bytes in base64. */
  secret: string;
};

/**
 * Signs a message in Standard Webhooks form: `v1,` + base64(HMAC-SHA256(`id.timestamp.body`)).
 * Throws a TypeError on an id, timestamp or secret that no verifier may accept.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export async function sign({ id, timestamp, body, secret }: Signable): Promise<string> {
  if (!isId(id)) throw new TypeError('a message id is 1 to 256 printable characters without a dot, comma or space');
  if (!isTimestamp(String(timestamp))) throw new TypeError('a timestamp is whole unix seconds');
  const key = await hmacKey(requireSecret(secret));
  const mac = await crypto.subtle.sign('HMAC', key, signedContent(id, String(timestamp), body));
  return `v1,${toBase64(new Uint8Array(mac))}`;
}

/** The three headers of a signed message. */
export async function signedHeaders(message: Signable): Promise<Record<string, string>> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': await sign(message),
  };
}

/**
 * Verifies a message strictly. `secrets` are tried one after another (rotation); one that is not a secret fails all.
 * `now` is in milliseconds; the window is `toleranceSeconds` either way (default 120).
 * The reason is for logs: nobody outside learns it.
 */
export async function verify(message: {
  headers: HeadersLike;
  body: string | Uint8Array;
  secrets: readonly string[];
  now: number;
  toleranceSeconds?: number;
}): Promise<Verified | { ok: false; reason: VerifyFailure }> {
  const read = readHeaders(message.headers);
  if (typeof read === 'string') return { ok: false, reason: read };
  const drift = Math.abs(Math.floor(message.now / 1000) - Number(read.timestamp));
  if (drift > (message.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS)) return { ok: false, reason: 'stale' };
  const keys = message.secrets.map(decodeSecret);
  if (keys.length === 0 || keys.includes(null)) return { ok: false, reason: 'secret' };
  const content = signedContent(read.id, read.timestamp, message.body);
  for (const key of keys) {
    const imported = await hmacKey(key as NonNullable<typeof key>);
    for (const signature of read.signatures) {
      // WebCrypto compares in constant time.
      const valid = await crypto.subtle.verify('HMAC', imported, signature, content);
      if (valid) return { ok: true, id: read.id, timestamp: Number(read.timestamp) };
    }
  }
  return { ok: false, reason: 'signature' };
}

function readHeaders(headers: HeadersLike) {
  const id = singleHeader(headers, 'webhook-id');
  const timestamp = singleHeader(headers, 'webhook-timestamp');
  const signature = singleHeader(headers, 'webhook-signature');
  if (id === null || timestamp === null || signature === null) return 'headers';
  if (!isId(id)) return 'id';
  if (!isTimestamp(timestamp)) return 'timestamp';
  const signatures = readSignatures(signature);
  return signatures ? { id, timestamp, signatures } : 'signature_form';
}

/** The v1 signatures of the space-separated list. Other versions are skipped; one malformed entry spoils the list. */
function readSignatures(header: string) {
  const entries = header.split(' ');
  if (entries.length > MOST_SIGNATURES) return null;
  const signatures = [];
  for (const entry of entries) {
    const [version, value, ...rest] = entry.split(',');
    if (!version || !value || rest.length > 0 || !/^v\d{1,3}[a-z]?$/.test(version)) return null;
    if (version !== 'v1') continue;
    const bytes = fromBase64(value);
    if (bytes?.length !== 32) return null;
    signatures.push(bytes);
  }
  return signatures.length > 0 ? signatures : null;
}

/** No dot (it separates what is signed), and no comma or space (a header sent twice arrives joined by them). */
function isId(id: string): boolean {
  return id.length <= 256 && /^[\x21-\x2b\x2d\x2f-\x7e]+$/.test(id);
}

function isTimestamp(timestamp: string): boolean {
  return /^\d{1,11}$/.test(timestamp);
}

function signedContent(id: string, timestamp: string, body: string | Uint8Array) {
  const head = toBytes(`${id}.${timestamp}.`);
  const tail = toBytes(body);
  const content = new Uint8Array(head.length + tail.length);
  content.set(head);
  content.set(tail, head.length);
  return content;
}
