import sharp, { type Sharp } from 'sharp';
import { cached, type Media } from './cache.ts';
import { cardSvg } from './card.ts';

export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'svg';
export type ImageRequest = { prompt: string; width?: number; height?: number; format?: ImageFormat; label?: string };

/** Longest side that is drawn; larger requests shrink in proportion, so that a flood of 4K prompts stays cheap. */
export const LONGEST_SIDE = 1536;

const TYPES = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp', svg: 'image/svg+xml' } as const;

/** The pixels a request is drawn with: at least 16 a side, at most `longest`. */
export function capped(width: number, height: number, longest = LONGEST_SIDE): { width: number; height: number } {
  const ratio = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(16, Math.round(width * ratio)), height: Math.max(16, Math.round(height * ratio)) };
}

/** A picture that shows its prompt: PNG, JPEG, WebP or SVG of `width` × `height` pixels (1024 × 1024, at most 1536 a side). */
export const renderImage: (request: ImageRequest) => Promise<Media> = cached(drawImage);

async function drawImage({ prompt, width = 1024, height = 1024, format = 'png', label }: ImageRequest): Promise<Media> {
  const size = capped(width, height);
  const svg = cardSvg({ prompt, ...size, label: label ?? `${size.width}x${size.height}` });
  const contentType = TYPES[format];
  if (format === 'svg') return { bytes: new TextEncoder().encode(svg), contentType, ...size };
  const picture = sharp(Buffer.from(svg)).flatten({ background: '#000' });
  const encoded = await encode(picture, format).toBuffer();
  return { bytes: new Uint8Array(encoded), contentType, ...size };
}

function encode(picture: Sharp, format: 'png' | 'jpeg' | 'webp'): Sharp {
  if (format === 'png') return picture.png({ compressionLevel: 3 });
  if (format === 'jpeg') return picture.jpeg({ quality: 80 });
  return picture.webp({ lossless: true, effort: 0 });
}
