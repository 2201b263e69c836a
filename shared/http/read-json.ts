import { type Result, refused } from '../errors/result.ts';
import { declaredLength, join, readWhole } from './read-bytes.ts';
import { parseStrictJson } from './strict-json.ts';

/** Several data URIs of a megabyte each; larger media belong behind a URL. */
const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** How many times that is read before a sender is cut off. */
const TAKEN_IN = 4;

/**
 * The body of a request as strict JSON. Refusals: 413 `payload_too_large`, 415 `unsupported_media_type`, 400 `invalid_json`.
 * `mayBeEmpty`, asked where there is no body at all: whether that counts as `{}`, whatever the content type.
 */
export async function readJson(
  request: Request,
  { maxBytes = MAX_BODY_BYTES, mayBeEmpty = (): boolean => false } = {},
): Promise<Result<unknown>> {
  const bytes = await readCapped(request, maxBytes);
  if (bytes === null) return refused('payload_too_large', { limit_bytes: maxBytes });
  if (bytes.length === 0 && mayBeEmpty()) return { ok: true, value: {} };
  if (!isJson(request.headers.get('content-type'))) return refused('unsupported_media_type');
  return parseStrictJson(bytes);
}

function isJson(contentType: string | null): boolean {
  const [type, ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((p) => p.trim()).find((p) => p.startsWith('charset='));
  return type?.trim() === 'application/json' && (!charset || /^charset="?utf-8"?$/.test(charset));
}

/** Null if it is more than `maxBytes`: a lying or missing content-length changes nothing. */
async function readCapped(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const declared = declaredLength(request);
  if (declared > maxBytes * TAKEN_IN) return null;
  return declared <= maxBytes ? readWhole(request, maxBytes) : readChunks(request, maxBytes);
}

/** What is too much is taken in and thrown away, within reason: who is cut off while still sending sees a broken connection instead of our answer. */
async function readChunks(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > maxBytes * TAKEN_IN) return null;
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size > maxBytes ? null : join(chunks);
}
