import { describe, expect, test } from 'vitest';
import { candidatesFor, type Routing } from './candidates.ts';
import type { Input } from './input.ts';
import { findModel, models } from './models.ts';
import type { Model } from './types.ts';

const now = Date.UTC(2026, 10, 22);
const prompt = 'a lighthouse';
const image_url = 'https://example.com/a.png';

function find(name: string, input: Input = { prompt }, routing?: Routing, more: object = {}) {
  const found = findModel(name) as { model: Model };
  const result = candidatesFor({ ...found, input, count: 1, stage: 'final', routing, now, ...more });
  return { ...result, ids: result.candidates.map((candidate) => candidate.provider_model) };
}

const whyNot = ({ considered }: ReturnType<typeof find>) =>
  Object.fromEntries(
    considered.filter(({ outcome }) => outcome === 'left_out').map((one) => [one.provider_model, one.reason]),
  );

test('a model starts at its first route and may fall back', () => {
  const { candidates, considered } = find('flux-dev');
  expect(candidates).toEqual([
    {
      provider: 'replicate',
      provider_model: 'black-forest-labs/flux-dev',
      profiles: ['vision-nova', 'replicate'],
      rank: 0,
      outputs_per_call: 4,
      longest_seconds: 300,
      credits: 25,
      fee_credits: 0,
      cost_usd: 0.025,
      price_version: 'replicate:black-forest-labs/flux-dev@2026-11-21',
    },
    expect.objectContaining({ provider: 'fal', provider_model: 'fal-ai/flux/dev', profiles: ['fal'], rank: 1 }),
  ]);
  expect(considered.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['candidate', 'rank 0'],
    ['candidate', 'rank 1'],
  ]);
});

test('a provider’s id pins its route, without fallbacks unless they are wanted', () => {
  const pinned = find('fal-ai/flux/dev');
  expect(pinned.ids).toEqual(['fal-ai/flux/dev']);
  expect(whyNot(pinned)).toEqual({ 'black-forest-labs/flux-dev': 'fallbacks are off' });
  expect(find('fal-ai/flux/dev', { prompt }, { allow_fallbacks: true }).ids).toEqual([
    'fal-ai/flux/dev',
    'black-forest-labs/flux-dev',
  ]);
});

test('another variant is used only by its own id', () => {
  expect(find('imagen-4').ids).not.toContain('google/imagen-4-fast');
  expect(find('google/imagen-4-fast').ids).toEqual(['google/imagen-4-fast']);
});

describe('a route that would change what was asked for is left out', () => {
  test.each([
    ['imagen-4', { prompt, seed: 0 }, ['fal-ai/imagen4/preview'], { 'google/imagen-4': 'takes no seed' }],
    [
      'flux-kontext-pro',
      { prompt, image_url, aspect_ratio: '4:5' },
      ['black-forest-labs/flux-kontext-pro'],
      { 'fal-ai/flux-pro/kontext': 'cannot do aspect_ratio "4:5"' },
    ],
    [
      'minimax-video-01',
      { prompt, image_url },
      ['minimax/video-01', 'fal-ai/minimax/video-01/image-to-video'],
      { 'fal-ai/minimax/video-01': 'takes no image_url' },
    ],
    [
      'minimax-video-01',
      { prompt },
      ['minimax/video-01', 'fal-ai/minimax/video-01'],
      { 'fal-ai/minimax/video-01/image-to-video': 'works only with image_url' },
    ],
    [
      'flux-2-pro',
      { prompt, resolution: '4 MP' },
      ['black-forest-labs/flux-2-pro'],
      { 'fal-ai/flux-2-pro': 'cannot do resolution "4 MP"' },
    ],
  ] as [string, Input, string[], object][])('%s with %j', (name, input, ids, reasons) => {
    const found = find(name, input);
    expect(found.ids).toEqual(ids);
    expect(whyNot(found)).toMatchObject(reasons);
  });

  test('even if it was pinned: then nothing is left', () => {
    const pinned = find('google/imagen-4', { prompt, seed: 0 });
    expect(pinned.ids).toEqual([]);
    expect(whyNot(pinned)['google/imagen-4']).toBe('takes no seed');
  });
});

describe('routing', () => {
  const replicate = 'black-forest-labs/flux-dev';
  const fal = 'fal-ai/flux/dev';

  test.each([
    [{ only: ['fal'] }, [fal]],
    [{ only: ['vision-nova'] }, [replicate]],
    [{ only: [fal] }, [fal]],
    [{ only: [] }, []],
    [{ ignore: ['replicate'] }, [fal]],
    [{ ignore: ['replicate', 'fal'] }, []],
    [{ order: ['fal'] }, [fal, replicate]],
    [{ order: ['nobody', 'fal', 'replicate'] }, [fal, replicate]],
    [{ order: ['fal'], allow_fallbacks: false }, [fal]],
    [{ allow_fallbacks: false }, [replicate]],
    [{ sort: 'rank' }, [replicate, fal]],
    [{ max_credits: 25 }, [replicate, fal]],
    [{ max_credits: 24 }, []],
    [{ provider_key: 'vision-nova' }, [replicate]],
    [{ provider_key: 'replicate' }, [replicate]],
    [{ provider_key: 'fal' }, [fal]],
    [{ provider_key: 'vision-atlas' }, []],
    [{ provider_key: 'anthropic' }, []],
    [{ provider_key: 'constructor' }, []],
  ] as [Routing, string[]][])('%j', (routing, ids) => {
    expect(find('flux-dev', { prompt }, routing).ids).toEqual(ids);
  });

  test('a profile that was asked for is the only one', () => {
    const { candidates } = find('flux-2-pro', { prompt }, { provider_key: 'vision-flux' });
    expect(candidates.map(({ profiles }) => profiles)).toEqual([['vision-flux']]);
    expect(find('flux-2-pro').candidates[0]?.profiles).toEqual(['vision-atlas', 'vision-flux', 'fal']);
  });

  test('by price, the cheapest first', () => {
    const input = { prompt, quality: 'high', aspect_ratio: '2:3' };
    expect(find('gpt-image-1.5', input).ids[0]).toBe('fal-ai/gpt-image-1.5');
    expect(find('gpt-image-1.5', input, { sort: 'price' }).ids[0]).toBe('openai/gpt-image-1.5');
  });

  test('a ceiling is for all outputs together', () => {
    expect(find('flux-dev', { prompt }, { max_credits: 99 }, { count: 4 }).ids).toEqual([]);
    expect(find('flux-dev', { prompt }, { max_credits: 100 }, { count: 4 }).ids).toHaveLength(2);
  });

  test('a pinned route stays first whatever the order, and out if it is excluded', () => {
    expect(find(fal, { prompt }, { order: ['replicate'], allow_fallbacks: true }).ids).toEqual([fal, replicate]);
    expect(find(fal, { prompt }, { ignore: ['fal'], allow_fallbacks: true }).ids).toEqual([replicate]);
    expect(find(fal, { prompt }, { ignore: ['fal'] }).ids).toEqual([]);
  });
});

test('the preview stage carries the preview’s price', () => {
  expect(find('flux-dev', { prompt }, {}, { stage: 'preview' }).candidates[0]).toMatchObject({
    credits: 5,
    cost_usd: 0.025,
  });
});

test('every route is considered once', () => {
  for (const model of models) {
    const { considered } = candidatesFor({ model, input: {}, count: 1, stage: 'final', now });
    expect(considered.map((one) => one.provider_model).toSorted()).toEqual(
      model.routes.map((route) => route.model).toSorted(),
    );
  }
});
