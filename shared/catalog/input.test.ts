import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inputSchema, validateInput, withDefaults } from './input.ts';
import { findModel, models } from './models.ts';
import type { Model } from './types.ts';

const model = (id: string) => findModel(id)?.model as Model;
const check = (id: string, input: unknown) => {
  const result = validateInput(model(id), input);
  return result.ok ? 'ok' : Object.fromEntries(result.errors.map(({ path, message }) => [path, message]));
};
const prompt = 'a lighthouse';
const image_url = 'https://example.com/a.png';

test.each([
  ['flux-dev', { prompt }],
  ['flux-dev', { prompt, seed: 0, aspect_ratio: '16:9', steps: 1, guidance: 3.5 }],
  ['flux-kontext-pro', { prompt, image_url }],
  ['flux-kontext-pro', { prompt, image_url: 'data:image/png;base64,iVBORw0KGgo=' }],
  ['flux-kontext-pro', { prompt, image_url: 'upl_0123abc' }],
  ['minimax-video-01', { prompt }],
  ['minimax-video-01', { prompt, image_url, duration_seconds: 6 }],
  ['luma-reframe-video', { video_url: 'https://example.com/a.mp4' }],
  ['topaz-video-upscale', { video_url: 'https://example.com/a.mp4', resolution: '4k' }],
  ['kling-v2.5-turbo-pro-i2v', { prompt, image_url, duration_seconds: 10 }],
])('%s takes %j', (id, input) => {
  expect(check(id, input)).toBe('ok');
});

test.each([
  [
    'a picture where none is taken',
    'flux-dev',
    { prompt, image_url },
    { 'input.image_url': 'FLUX.1 Dev takes no image_url' },
  ],
  [
    'a film where none is taken',
    'flux-dev',
    { prompt, video_url: 'x' },
    { 'input.video_url': 'FLUX.1 Dev takes no video_url' },
  ],
  ['no picture where one is needed', 'hailuo-02-fast-i2v', { prompt }, { 'input.image_url': 'is required' }],
  ['no prompt', 'flux-dev', {}, { 'input.prompt': 'is required' }],
  [
    'a provider’s name',
    'flux-kontext-pro',
    { prompt, image_url, input_image: 'x' },
    { 'input.input_image': 'is called image_url here' },
  ],
  ['a count', 'flux-dev', { prompt, num_outputs: 4 }, { 'input.num_outputs': expect.stringContaining('count') }],
  ['an unknown field', 'flux-dev', { prompt, loras: [] }, { 'input.loras': 'is not an input of this model' }],
  ['an empty prompt', 'flux-dev', { prompt: ' \n' }, { 'input.prompt': 'must not be empty' }],
  [
    'a long prompt',
    'minimax-video-01',
    { prompt: 'x'.repeat(2_001) },
    { 'input.prompt': expect.stringContaining('2000') },
  ],
  ['a number for a prompt', 'flux-dev', { prompt: 5 }, { 'input.prompt': expect.stringContaining('string') }],
  [
    'an odd ratio',
    'flux-dev',
    { prompt, aspect_ratio: '7:1' },
    { 'input.aspect_ratio': expect.stringContaining('16:9') },
  ],
  ['a fraction of a seed', 'flux-dev', { prompt, seed: 0.5 }, { 'input.seed': expect.any(String) }],
  ['a seed below 0', 'flux-dev', { prompt, seed: -1 }, { 'input.seed': expect.any(String) }],
  ['a null', 'flux-dev', { prompt, seed: null }, { 'input.seed': expect.any(String) }],
  [
    'a duration in words',
    'kling-v2.5-turbo-pro-i2v',
    { prompt, image_url, duration_seconds: '5' },
    { 'input.duration_seconds': expect.any(String) },
  ],
  [
    'a duration between',
    'kling-v2.5-turbo-pro-i2v',
    { prompt, image_url, duration_seconds: 7 },
    { 'input.duration_seconds': expect.any(String) },
  ],
  [
    'a film as a picture',
    'flux-kontext-pro',
    { prompt, image_url: 'data:video/mp4;base64,AAAA' },
    { 'input.image_url': 'must be an image' },
  ],
  [
    'a file',
    'flux-kontext-pro',
    { prompt, image_url: 'file:///etc/passwd' },
    { 'input.image_url': expect.stringContaining('https URL') },
  ],
  [
    'a path',
    'flux-kontext-pro',
    { prompt, image_url: 'a.png' },
    { 'input.image_url': expect.stringContaining('https URL') },
  ],
  [
    'two mistakes',
    'flux-dev',
    { seed: 'x', y: 1 },
    { 'input.prompt': 'is required', 'input.seed': expect.any(String), 'input.y': expect.any(String) },
  ],
  ['a list', 'flux-dev', [], { input: 'must be an object' }],
  ['nothing', 'flux-dev', undefined, { input: 'must be an object' }],
  ['text', 'flux-dev', 'a lighthouse', { input: 'must be an object' }],
] as [string, string, unknown, object][])('refuses %s, by name', (_, id, input, errors) => {
  expect(check(id, input)).toEqual(errors);
});

test('a data URI holds a megabyte and no more', () => {
  const uri = (bytes: number) => `data:image/png;base64,${Buffer.alloc(bytes).toString('base64')}`;
  expect(check('flux-kontext-pro', { prompt, image_url: uri(1024 * 1024 - 1) })).toBe('ok');
  expect(check('flux-kontext-pro', { prompt, image_url: uri(1024 * 1024 + 3) })).toEqual({
    'input.image_url': 'a data URI may hold 1 MB at most',
  });
});

test('the prototype is no input', () => {
  for (const text of [
    '{"prompt":"x","__proto__":{"seed":1}}',
    '{"prompt":"x","constructor":1}',
    '{"prompt":"x","toString":1}',
  ]) {
    expect(check('flux-dev', JSON.parse(text))).not.toBe('ok');
  }
});

test('defaults fill gaps and nothing else', () => {
  const seedance = model('seedance-v1-lite-t2v');
  expect(withDefaults(seedance, { prompt, seed: 0, camera_fixed: false })).toEqual({
    prompt,
    seed: 0,
    camera_fixed: false,
    resolution: '720p',
    duration_seconds: 5,
  });
  expect(withDefaults(seedance, { duration_seconds: 2 }).duration_seconds).toBe(2);
});

describe('over anything that is JSON', () => {
  test('it never throws, names every mistake, and lets only known fields through', () => {
    fc.assert(
      fc.property(fc.constantFrom(...models.map(({ id }) => id)), fc.jsonValue(), (id, input) => {
        const result = validateInput(model(id), input);
        const names = result.ok ? Object.keys(result.input) : [];
        for (const name of names) expect(model(id).fields).toHaveProperty(name);
        if (!result.ok) expect(result.errors.every(({ path }) => path.startsWith('input'))).toBe(true);
      }),
    );
  });

  test.each(models.map((one) => [one.id, one] as const))('the schema of %s is strict', (_, one) => {
    expect(inputSchema(one).safeParse({ nonsense: 1 }).success).toBe(false);
  });
});
