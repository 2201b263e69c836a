import { type Refusal, refusal } from './errors.ts';

/** One component of a delivery URL, e.g. `w_300,h_200,c_fill` as `{w: "300", h: "200", c: "fill"}`. */
export type Step = Record<string, string>;

/** Parameters that change the size or the format; the rest of the vendor's language is accepted and left out. */
const NUMBERS = ['w', 'h', 'x', 'y', 'so', 'eo', 'du'];
const KNOWN = [
  ...NUMBERS,
  'c',
  'g',
  'q',
  'f',
  'ar',
  'dpr',
  'e',
  'b',
  'r',
  'a',
  'fl',
  'o',
  't',
  'vc',
  'ac',
  'br',
  'bo',
  'co',
  'dn',
  'pg',
  'sp',
  'vs',
  'z',
  'fps',
];
const CROPS = [
  'scale',
  'fit',
  'limit',
  'mfit',
  'fill',
  'lfill',
  'fill_pad',
  'crop',
  'thumb',
  'pad',
  'lpad',
  'mpad',
  'auto',
];
const LARGEST = 10_000;

export type Delivery = { steps: Step[]; publicId: string };

/** Splits what follows `/upload/`: an optional signature, transformations, an optional version, and the public id. */
export function parseDelivery(path: string): Delivery | Refusal {
  const segments = decode(path);
  if (segments === undefined) return refusal(400, 'Invalid URL');
  if (/^s--.+--$/.test(segments[0] ?? '')) segments.shift();
  const version = segments.findIndex((segment) => /^v\d+$/.test(segment));
  const count = version >= 0 ? version : segments.findIndex((segment) => !looksLikeStep(segment));
  const steps: Step[] = [];
  for (const segment of segments.slice(0, Math.max(0, count))) {
    const step = parseStep(segment);
    if ('status' in step) return step as Refusal;
    steps.push(step);
  }
  return { steps, publicId: segments.slice(version >= 0 ? version + 1 : count).join('/') };
}

function decode(path: string): string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function looksLikeStep(segment: string): boolean {
  return segment.split(',').every((part) => KNOWN.includes(/^([a-z]+)_./.exec(part)?.[1] ?? ''));
}

function parseStep(segment: string): Step | Refusal {
  const step: Step = {};
  for (const part of segment.split(',')) {
    const [, name = '', value = ''] = /^([a-z]+)_(.+)$/.exec(part) ?? [];
    if (!KNOWN.includes(name)) return refusal(400, `Invalid transformation component - ${part}`);
    if (!isValid(name, value)) return refusal(400, `Invalid value ${value} for parameter ${name} in transformation`);
    step[name] = value;
  }
  return step;
}

function isValid(name: string, value: string): boolean {
  if (name === 'c') return CROPS.includes(value);
  if (!NUMBERS.includes(name)) return true;
  return value === 'auto' || (/^\d+(\.\d+)?%?p?$/.test(value) && Number.parseFloat(value) <= LARGEST);
}
