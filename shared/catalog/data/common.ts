import type { Field, PriceRule } from '../types.ts';

/** Aspect ratios, sizes and the like as a list: `words('1:1 16:9')`. */
export const words = (text: string): string[] => text.split(' ');

export const prompt = (max = 5_000): Field => ({ type: 'text', max, required: true });
export const choice = (of: readonly (string | number)[], more: Partial<Field> = {}) =>
  ({ type: 'choice', of, ...more }) as Field;
export const image: Field = { type: 'media', media: 'image' };
export const video: Field = { type: 'media', media: 'video' };
export const seed: Field = { type: 'integer', min: 0, max: 2_147_483_647 };
export const outputFormat = choice(['jpeg', 'png', 'webp']);

/** Replicate writes `jpg` where the rest of the world writes `jpeg`. */
export const replicateFormat = { to: 'output_format', values: { jpeg: 'jpg', png: 'png' } };
export const replicateFormatWithWebp = { to: 'output_format', values: { jpeg: 'jpg', png: 'png', webp: 'webp' } };
export const falFormat = { to: 'output_format', only: ['jpeg', 'png'] };

/** fal's FLUX endpoints take sizes, not ratios; all of about one megapixel at most, which is what they bill as one. */
export const falImageSize = {
  to: 'image_size',
  values: {
    '1:1': 'square_hd',
    '4:3': 'landscape_4_3',
    '3:4': 'portrait_4_3',
    '16:9': 'landscape_16_9',
    '9:16': 'portrait_16_9',
    '3:2': { width: 1152, height: 768 },
    '2:3': { width: 768, height: 1152 },
    '5:4': { width: 1120, height: 896 },
    '4:5': { width: 896, height: 1120 },
    '21:9': { width: 1344, height: 576 },
    '9:21': { width: 576, height: 1344 },
  },
};

const FIRST_DAY = '2026-11-21';

/** The first price of a route: the provider's list price, read at `source`, not confirmed with the provider. */
export function listPrice(rule: Omit<PriceRule, 'from' | 'provisional'>, source: string): PriceRule[] {
  return [{ from: FIRST_DAY, ...rule, provisional: { source, asOf: FIRST_DAY } }];
}

/** A seed's price in dollars, at 1 credit = US$0.001. */
export function seedPrice(usd: number): PriceRule[] {
  return [{ from: FIRST_DAY, kind: 'flat', rates: { '': { usd, credits: Math.round(usd * 1000) } } }];
}

export const flat = (usd: number) => ({ kind: 'flat', rates: { '': { usd } } }) as const;
export const perSecond = (usd: number) => ({ kind: 'per_second', rates: { '': { usd } } }) as const;
/** One rate per resolution, e.g. `{ '480p': 0.018 }`. */
export function byResolution(kind: 'per_image' | 'per_second', usd: Record<string, number>) {
  const rates = Object.fromEntries(Object.entries(usd).map(([key, rate]) => [key, { usd: rate }]));
  return { kind, by: ['resolution'], rates };
}
