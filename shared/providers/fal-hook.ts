import { once } from '../async/once.ts';
import { matching, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { fromHex, sha256, toBytes, toHex } from '../signatures/bytes.ts';
import { type HeadersLike, singleHeader } from '../signatures/headers.ts';
import { parseJson, tidy } from './classify.ts';
import { readFalFailure, readFalResult } from './fal-results.ts';
import type { Fetch, HookRefusal, HookRequest, HookResult, PublicKeys, Verdict } from './types.ts';

const TOLERANCE_SECONDS = 300;
const JWKS_URL = 'https://rest.alpha.fal.ai/.well-known/jwks.json';
/** fal asks that its keys be cached no longer. */
const CACHE_MS = 24 * 3_600_000;
/** A forged webhook must not make us ask fal each time. */
const COOLDOWN_MS = 60_000;

/**
 * Verifies a webhook of fal: Ed25519 over request id, user id, timestamp and the body's SHA-256, one per line.
 * fal signs alike for all its customers, so a signature only says «fal»: the request id must be the attempt's, and the
 * caller pins the user id to the key.
 * @see https://fal.ai/docs/documentation/model-apis/inference/webhooks
 */
export async function verifyFalHook(request: HookRequest): Promise<HookResult> {
  const read = readHeaders(request.headers);
  if (!read) return refuse('headers');
  if (Math.abs(Math.floor(request.now / 1000) - read.timestamp) > TOLERANCE_SECONDS) return refuse('stale');
  const text = typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body);
  const hash = toHex(await sha256(request.body));
  const message = toBytes([read.requestId, read.userId, read.timestamp, hash].join('\n'));
  const signed = await isSigned(message, read.signature, request.publicKeys);
  if (signed !== true) return refuse(signed);
  const body = bodySchema().safeParse(parseJson(text)).data;
  if (!body) return refuse('body');
  // A request that fal retried carries the last try's id in the one place and the queue's in the other.
  const ids = [body.request_id, body.gateway_request_id];
  if (!ids.includes(read.requestId)) return refuse('request_id');
  if (request.requestId && !ids.includes(request.requestId)) return refuse('request_id');
  const requestId = request.requestId ?? body.request_id;
  return { ok: true, requestId, userId: read.userId, outcome: readVerdict(body, request) };
}

function readHeaders(headers: HeadersLike) {
  const requestId = singleHeader(headers, 'x-fal-webhook-request-id') ?? '';
  const userId = singleHeader(headers, 'x-fal-webhook-user-id') ?? '';
  const timestamp = singleHeader(headers, 'x-fal-webhook-timestamp') ?? '';
  const signature = fromHex(singleHeader(headers, 'x-fal-webhook-signature') ?? '');
  // No comma or white space: a header sent twice arrives joined, and a line break would move the fields.
  const plain = /^[\x21-\x2b\x2d-\x7e]{1,256}$/;
  if (!plain.test(requestId) || !plain.test(userId) || !/^\d{1,11}$/.test(timestamp)) return null;
  return signature?.length === 64 ? { requestId, userId, timestamp: Number(timestamp), signature } : null;
}

/** Tried with the cached keys, then once with fresh ones: keys are rotated without notice. */
async function isSigned(
  message: BufferSource,
  signature: BufferSource,
  publicKeys: PublicKeys | undefined,
): Promise<true | HookRefusal> {
  try {
    for (const fresh of [false, true]) {
      for (const key of (await publicKeys?.(fresh)) ?? []) {
        if (await crypto.subtle.verify('Ed25519', key, signature, message)) return true;
      }
    }
    return publicKeys ? 'signature' : 'keys_unavailable';
  } catch {
    return 'keys_unavailable';
  }
}

function readVerdict(body: Of<typeof bodySchema>, { kind, outputOrigins }: HookRequest): Verdict {
  if (body.status === 'ERROR') return readError(body.payload, body.error ?? '');
  // The result could not be put into the webhook (too large, not JSON): it is there to be fetched.
  if (body.status !== 'OK' || body.payload === null || body.payload === undefined) {
    return { status: 'ambiguous', message: tidy(body.payload_error ?? 'the webhook carries no result') };
  }
  return readFalResult(body.payload, kind, outputOrigins);
}

function readError(payload: unknown, error: string): Verdict {
  const status = /status code:? (\d{3})/i.exec(error)?.[1];
  const verdict = readFalFailure(payload, status ? Number(status) : undefined);
  if (verdict.status !== 'ambiguous') return verdict;
  return { status: 'failed', code: 'failed', message: tidy(error || 'the request failed') };
}

/**
 * fal's public keys, kept for a day at most; one of these lives as long as its Worker. `fresh` asks again, though not
 * more than once a minute. When fal cannot be reached, keys younger than a day still serve; without any it rejects.
 */
export function createFalKeys(options: { fetch: Fetch; now: () => number; url?: string }): PublicKeys {
  let cached: { keys: CryptoKey[]; at: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const usable = () => (cached && options.now() - cached.at < CACHE_MS ? cached.keys : null);
  return async (fresh = false) => {
    const keys = usable();
    if (keys && !fresh) return keys;
    if (keys && options.now() - askedAt < COOLDOWN_MS) return keys;
    askedAt = options.now();
    const loaded = await loadKeys(options.fetch, options.url ?? JWKS_URL).catch(() => null);
    if (loaded) cached = { keys: loaded, at: askedAt };
    const result = loaded ?? keys;
    if (!result) throw new Error('the public keys of fal cannot be had');
    return result;
  };
}

async function loadKeys(fetch: Fetch, url: string): Promise<CryptoKey[]> {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(5_000) });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const { keys } = jwksSchema().parse(await response.json());
  const usable = keys.filter(({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519');
  if (usable.length === 0) throw new Error('no Ed25519 key');
  return Promise.all(
    usable.map(({ kty, crv, x }) => crypto.subtle.importKey('jwk', { kty, crv, x }, 'Ed25519', false, ['verify'])),
  );
}

function refuse(reason: HookRefusal): HookResult {
  return { ok: false, reason };
}

const bodySchema = once(() =>
  z.object({
    request_id: matching(/^[\w-]{1,128}$/),
    gateway_request_id: z.nullish(z.string()),
    status: z.string(),
    payload: z.optional(z.unknown()),
    error: z.nullish(z.string()),
    payload_error: z.nullish(z.string()),
  }),
);

const jwksSchema = once(() =>
  z.object({
    keys: z.array(z.object({ kty: z.string(), crv: z.optional(z.string()), x: z.optional(z.string()) })),
  }),
);
