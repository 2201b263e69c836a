import { once } from '../async/once.ts';
import type { Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { streamMultipart } from './multipart.ts';
import { signParams } from './signature.ts';
import type { Asset, Cloudinary, CloudinaryOptions, MediaSource, Stored, StoredId, StoreRequest } from './types.ts';
import { contentTypeOf, resourceTypeOf, thumbnailUrl } from './urls.ts';

const ENDPOINT = 'https://api.cloudinary.com';
/** A film of some minutes has to be fetched, probed and stored before Cloudinary answers. */
const UPLOAD_TIMEOUT_MS = 120_000;
const DESTROY_TIMEOUT_MS = 20_000;

type Params = Record<string, string | number | boolean>;

/** A client of Cloudinary's upload API over `fetch`: the SDK's transport is Node's. */
export function createCloudinary(options: CloudinaryOptions): Cloudinary {
  return {
    store: async (request) => {
      const answer = await send(
        options,
        `${resourceTypeOf(request.kind)}/upload`,
        uploadParams(request),
        request.source,
      );
      return readStored(answer, request);
    },
    destroy: async (assets) => {
      const results = await Promise.all(assets.map((asset) => destroyOne(options, asset)));
      const ids = (done: boolean) => assets.filter((_, n) => results[n] === done).map(({ public_id }) => public_id);
      return { deleted: ids(true), failed: ids(false) };
    },
  };
}

/** Deterministic ids and no overwriting make a repeated upload harmless. */
function uploadParams({ publicId }: { publicId: string }): Params {
  return { public_id: publicId, overwrite: false };
}

async function destroyOne(options: CloudinaryOptions, { public_id, kind }: StoredId): Promise<boolean> {
  const answer = await send(options, `${resourceTypeOf(kind)}/destroy`, { public_id, invalidate: true });
  const result = destroyedSchema().safeParse(answer?.body).data?.result;
  return result === 'ok' || result === 'not found';
}

function urlOf({ endpoint = ENDPOINT, cloudName }: CloudinaryOptions, path: string): string {
  return `${endpoint.replace(/\/$/, '')}/v1_1/${encodeURIComponent(cloudName)}/${path}`;
}

async function signed({ apiKey, apiSecret, now }: CloudinaryOptions, params: Params): Promise<Record<string, string>> {
  const stamped = { ...params, timestamp: Math.floor(now() / 1000) };
  const texts = Object.fromEntries(Object.entries(stamped).map(([name, value]) => [name, String(value)]));
  return { ...texts, api_key: apiKey, signature: await signParams(texts, apiSecret) };
}

/** Signs at the moment of sending. Null if there was no answer. */
async function send(options: CloudinaryOptions, path: string, params: Params, source?: MediaSource) {
  const { fetch } = options;
  const timeout = source ? UPLOAD_TIMEOUT_MS : DESTROY_TIMEOUT_MS;
  try {
    const init = bodyOf(await signed(options, params), source);
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(urlOf(options, path), { method: 'POST', redirect: 'manual', signal, ...init });
    return { status: response.status, body: await response.json().catch(() => null) };
  } catch {
    return null;
  }
}

function bodyOf(fields: Record<string, string>, source?: MediaSource): RequestInit {
  if (source && 'bytes' in source && source.bytes instanceof ReadableStream) {
    const file = { stream: source.bytes, contentType: source.contentType };
    const { body, contentType } = streamMultipart(fields, file);
    // Node wants to be told that it cannot read the answer before it has sent the body.
    return { body, headers: { 'content-type': contentType }, duplex: 'half' } as RequestInit;
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (source && 'url' in source) form.set('file', source.url);
  if (source && 'dataUri' in source) form.set('file', source.dataUri);
  if (source && 'bytes' in source) {
    form.set('file', new Blob([source.bytes as Uint8Array<ArrayBuffer>], { type: source.contentType }), 'file');
  }
  return { body: form };
}

function readStored(answer: { status: number; body: unknown } | null, request: StoreRequest): Stored {
  if (!answer) return { ok: false, reason: 'unavailable', message: 'Cloudinary could not be reached' };
  const upload = answer.status === 200 ? uploadedSchema().safeParse(answer.body).data : undefined;
  if (upload) return readAsset(upload, request);
  const message = errorSchema().safeParse(answer.body).data?.error.message ?? `Cloudinary answered ${answer.status}`;
  return { ok: false, reason: isUnusable(answer.status, message) ? 'unusable' : 'unavailable', message };
}

function readAsset(upload: Uploaded, { kind, publicId }: StoreRequest): Stored {
  if (upload.public_id !== publicId)
    return { ok: false, reason: 'unavailable', message: 'Cloudinary stored another id' };
  if (upload.bytes === 0) return { ok: false, reason: 'unusable', message: 'the media is empty' };
  const thumbnail = thumbnailUrl(upload.secure_url, kind);
  const asset: Asset = {
    kind,
    public_id: upload.public_id,
    url: upload.secure_url,
    ...(thumbnail && { thumbnail_url: thumbnail }),
    content_type: contentTypeOf(
      upload.format ?? extensionOf(upload.secure_url),
      upload.is_audio ? 'audio' : upload.resource_type,
    ),
    bytes: upload.bytes,
    ...(upload.width && { width: upload.width }),
    ...(upload.height && { height: upload.height }),
    ...(upload.duration && { duration_seconds: upload.duration }),
  };
  return isOfKind(upload, kind)
    ? { ok: true, asset }
    : { ok: false, reason: 'unusable', message: `this is no ${kind}` };
}

/** Cloudinary takes sounds and films alike; a film without a picture is a lie. */
function isOfKind(upload: Uploaded, kind: Asset['kind']): boolean {
  if (kind === 'video') return !upload.is_audio && upload.width !== 0 && upload.resource_type === 'video';
  if (kind === 'audio' && upload.is_audio === false) return false;
  return upload.resource_type === resourceTypeOf(kind);
}

/**
 * 400 and 404 speak of the file (not an image, gone, too large), except where they speak of our clock, our parameters
 * or of a source that may answer later.
 */
function isUnusable(status: number, message: string): boolean {
  if (status !== 400 && status !== 404) return false;
  return !/stale request|signature|api[_ ]?key|cloud_name|- 5\d\d|- 429|timed? ?out/i.test(message);
}

function extensionOf(url: string): string {
  return /\.([a-z0-9]{2,5})$/i.exec(url)?.[1]?.toLowerCase() ?? '';
}

type Uploaded = Of<typeof uploadedSchema>;

const uploadedSchema = once(() =>
  z.object({
    public_id: z.string(),
    secure_url: z.string(),
    resource_type: z.string(),
    format: z.nullish(z.string()),
    bytes: z.number(),
    width: z.nullish(z.number()),
    height: z.nullish(z.number()),
    duration: z.nullish(z.number()),
    is_audio: z.nullish(z.boolean()),
  }),
);

const destroyedSchema = once(() => z.object({ result: z.string() }));
const errorSchema = once(() => z.object({ error: z.object({ message: z.string().check(z.maxLength(2_000)) }) }));
