import { expect, test } from 'vitest';
import { between, boolean, oneOf, required, string, uri, uris, violations } from './schema.ts';

const fields = {
  prompt: required(string),
  count: between(1, 4),
  strength: between(0, 1, 'number'),
  size: oneOf('480p', '720p'),
  duration: oneOf(5, 10),
  image: uri,
  images: uris,
  fast: boolean,
};
const kinds = (input: Record<string, unknown>, strict = true) =>
  violations(fields, { prompt: 'x', ...input }, strict).map(({ kind, path }) => `${path.join('.')}: ${kind}`);

test('passes what fits, null included', () => {
  const input = { count: 4, strength: 0.5, size: '480p', duration: 5, image: 'https://example.com/a.png', fast: false };
  expect(kinds({ ...input, images: ['data:image/png;base64,AAAA'] })).toEqual([]);
  expect(kinds({ strength: 1, image: null, count: null })).toEqual([]);
});

test('names each violation by its path', () => {
  expect(kinds({ prompt: undefined })).toEqual(['prompt: required']);
  expect(kinds({ prompt: null })).toEqual(['prompt: required']);
  expect(kinds({ prompt: 7, fast: 'yes' })).toEqual(['prompt: type', 'fast: type']);
  expect(kinds({ count: 5, strength: -1 })).toEqual(['count: maximum', 'strength: minimum']);
  expect(kinds({ count: 1.5 })).toEqual(['count: type']);
  expect(kinds({ size: '1080p', duration: 7 })).toEqual(['size: enum', 'duration: enum']);
  expect(kinds({ duration: '5' })).toEqual(['duration: type']);
  expect(kinds({ image: 'cat.png', images: ['https://example.com/a', 'b'] })).toEqual(['image: uri', 'images.1: uri']);
});

test('reports unknown fields only when strict', () => {
  expect(kinds({ image_url: 'x', constructor: 1 })).toEqual(['image_url: unknown', 'constructor: unknown']);
  expect(kinds({ image_url: 'x' }, false)).toEqual([]);
});
