import type { MediaKind } from '../providers/types.ts';

const THUMBNAIL_WIDTH = 640;

/** Cloudinary keeps films and sounds as `video`, pictures and drawings as `image`, everything else as `raw`. */
export function resourceTypeOf(kind: MediaKind): 'image' | 'video' | 'raw' {
  if (kind === 'image' || kind === 'vector') return 'image';
  return kind === 'video' || kind === 'audio' ? 'video' : 'raw';
}

/**
 * A small JPEG of a stored picture or of a film's first frame, made by Cloudinary when it is first asked for.
 * Undefined for what has no look (sound, text, models) and for URLs that are not Cloudinary's.
 */
export function thumbnailUrl(url: string, kind: MediaKind): string | undefined {
  const [head, tail, ...rest] = url.split('/upload/');
  if (!tail || rest.length > 0 || !['image', 'vector', 'video'].includes(kind)) return undefined;
  const frame = kind === 'video' ? 'so_0,' : '';
  return `${head}/upload/${frame}c_limit,w_${THUMBNAIL_WIDTH}/${tail.replace(/\.[a-z0-9]{2,5}$/i, '')}.jpg`;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  svg: 'image/svg+xml',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  mov: 'video/quicktime',
  glb: 'model/gltf-binary',
  txt: 'text/plain',
  json: 'application/json',
};

/** The content type of what Cloudinary stored, by its format and resource type. */
export function contentTypeOf(format: string, resourceType: string): string {
  const known = Object.hasOwn(CONTENT_TYPES, format) ? CONTENT_TYPES[format] : undefined;
  if (known) return known;
  const family = ['image', 'video', 'audio'].includes(resourceType);
  return family && format ? `${resourceType}/${format}` : 'application/octet-stream';
}
