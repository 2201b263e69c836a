import { expect, test } from 'vitest';
import { suggestionsFor } from './suggestions.ts';

const now = Date.UTC(2026, 10, 22);
const names = (model: string, input: Parameters<typeof suggestionsFor>[1]) =>
  suggestionsFor(model, input, now).map((one) => one.model);

test('cheaper or faster models for the same work, the cheapest first', () => {
  const found = suggestionsFor('gpt-image-1.5', { prompt: 'a fox' }, now);
  expect(found).toHaveLength(3);
  expect(found[0]).toMatchObject({ model: 'flux-dev', credits: 25 });
  expect(found.map(({ credits }) => credits)).toEqual(found.map(({ credits }) => credits).toSorted((a, b) => a - b));
});

test('by a provider’s name of the model as well', () => {
  expect(names('openai/gpt-image-1.5', { prompt: 'a fox' })).toEqual(names('gpt-image-1.5', { prompt: 'a fox' }));
});

test.each([
  ['nobody knows the model', 'nothing', { prompt: 'a fox' }],
  ['it is the cheapest and the fastest', 'flux-dev', { prompt: 'a fox' }],
  ['nothing else takes this input', 'topaz-video-upscale', { video_url: 'https://example.com/a.mp4' }],
])('none where %s', (_why, model, input) => {
  expect(names(model, input)).toEqual([]);
});

test('only models that take the input as it is', () => {
  expect(names('gpt-image-1.5', { prompt: 'a fox', quality: 'high' })).not.toContain('flux-dev');
});
