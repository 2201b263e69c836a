import sharp, { type FitEnum, type Sharp, type SharpInput } from 'sharp';
import type { Step } from './transformation.ts';

export type Rendered = { bytes: Uint8Array; format: string };

const FITS: Record<string, keyof FitEnum> = {
  fill: 'cover',
  lfill: 'cover',
  thumb: 'cover',
  crop: 'cover',
  auto: 'cover',
  scale: 'fill',
  pad: 'contain',
  lpad: 'contain',
  mpad: 'contain',
  fill_pad: 'contain',
};
const NEVER_LARGER = ['limit', 'lfill', 'lpad'];
const ENCODERS = ['jpg', 'jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'];

/** Whether an image can be delivered in this format. */
export const isEncodable = (format: string) => ENCODERS.includes(format);

/** Applies the steps one after the other and encodes the result. */
export async function renderImage(input: SharpInput, steps: Step[], format: string): Promise<Rendered> {
  let image = sharp(input);
  for (const step of steps) {
    const resized = resize(image, step);
    // Sharp keeps one resize per pipeline; a further step begins from the pixels of the one before.
    if (resized !== undefined) image = sharp(await resized.png({ compressionLevel: 1 }).toBuffer());
  }
  const quality = Number.parseInt(steps.map(({ q }) => q).findLast((q) => /^\d+/.test(q ?? '')) ?? '80', 10);
  return { bytes: await encode(image, format, quality).toBuffer(), format };
}

function resize(image: Sharp, step: Step): Sharp | undefined {
  const [width, height] = [pixels(step.w, step.dpr), pixels(step.h, step.dpr)];
  if (width === undefined && height === undefined) return undefined;
  // Without both sides nothing can be cropped or distorted: the other one follows.
  const both = width !== undefined && height !== undefined;
  const fit = both ? (FITS[step.c ?? 'scale'] ?? 'inside') : 'inside';
  return image.resize({ width, height, fit, withoutEnlargement: NEVER_LARGER.includes(step.c ?? '') });
}

function pixels(text: string | undefined, dpr = '1'): number | undefined {
  const value = Math.round(Number(text) * (Number(dpr) || 1));
  return Number.isNaN(value) || value < 1 ? undefined : Math.min(value, 10_000);
}

function encode(image: Sharp, format: string, quality: number): Sharp {
  if (format === 'jpg' || format === 'jpeg') return image.flatten({ background: '#fff' }).jpeg({ quality });
  if (format === 'webp') return image.webp({ quality });
  if (format === 'avif') return image.avif({ quality, effort: 0 });
  if (format === 'gif') return image.gif();
  return format === 'tiff' ? image.tiff() : image.png();
}
