import sharp from 'sharp';
import type { Asset } from './assets.ts';
import { decodeSlide } from './h264.ts';
import { firstSample } from './mp4.ts';

/**
 * A still of a video, as PNG. The emulators' own videos are slides whose first picture can be read without a codec; of any
 * other a plain card with the name and length is drawn, because no decoder comes with the project.
 */
export async function posterOf(asset: Asset, bytes: Uint8Array): Promise<Uint8Array> {
  const slide = asset.isAudio ? undefined : readSlide(bytes, asset);
  if (slide === undefined)
    return sharp(Buffer.from(card(asset)))
      .png()
      .toBuffer();
  return sharp(slide.rgb, { raw: { width: slide.width, height: slide.height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

function readSlide(
  bytes: Uint8Array,
  { width = 0, height = 0 }: Asset,
): { rgb: Uint8Array; width: number; height: number } | undefined {
  try {
    const sample = firstSample(bytes);
    const rgb = sample && decodeSlide(sample, width, height);
    return rgb && { rgb, width, height };
  } catch {
    return undefined;
  }
}

function card({ width = 512, height = 288, publicId, duration, format }: Asset): string {
  const label = `${publicId.split('/').at(-1)} · ${format} · ${duration?.toFixed(1) ?? '?'} s`.replace(/[<>&"]/g, ' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 512 288" preserveAspectRatio="xMidYMid slice">
    <rect x="-512" y="-512" width="2048" height="2048" fill="#20242c"/><path d="M226 104l70 40-70 40z" fill="#fff"/>
    <text x="256" y="240" fill="#ccc" font-size="16" font-family="sans-serif" text-anchor="middle">${label}</text></svg>`;
}
