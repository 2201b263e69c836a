import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import type { Asset } from './assets.ts';
import type { CloudContext } from './context.ts';
import { isRefusal, type Refusal, refusal, respond } from './errors.ts';
import { posterOf } from './poster.ts';
import type { ResourceType } from './probe.ts';
import { type Content, ranged } from './range.ts';
import { isEncodable, renderImage } from './transform.ts';
import { parseDelivery, type Step } from './transformation.ts';

const CONTENT_TYPES: Record<string, string> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  tiff: 'image/tiff',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
  glb: 'model/gltf-binary',
  pdf: 'application/pdf',
};

type Found = { asset: Asset; format: string; steps: Step[] };

/** `GET /{cloud}/{type}/upload/[transformations/][v123/]public_id[.ext]`, whole or by range. */
export function deliveryRoutes(context: CloudContext): Hono {
  const app = new Hono();
  app.get('/:cloud/:type{image|video|raw}/upload/*', async (c) => {
    if (c.req.param('cloud') !== context.cloudName) return respond(c, refusal(404, 'Unknown customer'));
    const found = find(c, context);
    if (isRefusal(found)) return respond(c, found);
    const content = await contentOf(found, context);
    return isRefusal(content) ? respond(c, content) : ranged(c, content);
  });
  return app;
}

function find(c: Context, { assets }: CloudContext): Found | Refusal {
  const type = c.req.param('type') as ResourceType;
  const { pathname } = new URL(c.req.url);
  const parsed = parseDelivery(pathname.slice(pathname.indexOf('/upload/') + '/upload/'.length));
  if (isRefusal(parsed)) return parsed;
  const { steps, publicId } = parsed;
  const extension = type === 'raw' ? undefined : /\.([a-z0-9]+)$/i.exec(publicId)?.[1]?.toLowerCase();
  const bare = extension === undefined ? publicId : publicId.slice(0, -extension.length - 1);
  const named = assets.find(type, 'upload', bare);
  const asset = named ?? assets.find(type, 'upload', publicId);
  if (asset === undefined) return refusal(404, `Resource not found - ${bare}`);
  const own = asset.format ?? /\.([a-z0-9]+)$/i.exec(publicId)?.[1]?.toLowerCase() ?? '';
  return { asset, steps, format: wantedFormat(steps, named === undefined ? undefined : extension) ?? own };
}

/** `f_auto` leaves the choice to the extension, as for a client that accepts everything. */
function wantedFormat(steps: Step[], extension: string | undefined): string | undefined {
  const format = steps.map(({ f }) => f).findLast((f) => f !== undefined && f !== 'auto') ?? extension;
  return format === 'jpeg' ? 'jpg' : format;
}

async function contentOf({ asset, format, steps }: Found, { assets }: CloudContext): Promise<Content | Refusal> {
  const path = assets.path(asset);
  const about = {
    etag: asset.etag,
    modified: asset.createdAt,
    contentType: CONTENT_TYPES[format] ?? 'application/octet-stream',
  };
  // Vectors fit any size as they are.
  const resized =
    asset.resourceType === 'image' && format !== 'svg' && steps.some(({ w, h }) => w !== undefined || h !== undefined);
  if (format === (asset.format ?? format) && !resized) {
    const open = (start: number, end: number) => Readable.toWeb(createReadStream(path, { start, end }));
    return { ...about, size: asset.bytes, open };
  }
  if (asset.resourceType === 'raw' || !isEncodable(format))
    return refusal(400, `Invalid extension in transformation: ${format}`);
  const bytes = await readFile(path);
  const input = asset.resourceType === 'video' ? await posterOf(asset, bytes) : bytes;
  const rendered = await renderImage(input, steps, format);
  const etag = `${asset.etag}-${format}-${rendered.bytes.length}`;
  return { ...about, etag, size: rendered.bytes.length, open: (start, end) => rendered.bytes.slice(start, end + 1) };
}
