import { expect, test } from 'vitest';
import { listModels } from './listing.ts';

const now = Date.UTC(2026, 10, 22);

test('lists every model with what a client needs to build a form and a price', () => {
  const listed = listModels(now);
  expect(listed).toHaveLength(16);
  expect(listed.find(({ id }) => id === 'hailuo-02-standard-i2v')).toEqual({
    id: 'hailuo-02-standard-i2v',
    object: 'model',
    created: Date.UTC(2025, 5, 18) / 1000,
    owned_by: 'minimax',
    aliases: ['fal-ai/minimax/hailuo-02/standard/image-to-video', 'minimax/hailuo-02'],
    operation: 'video',
    display_name: 'MiniMax Hailuo 02 Standard (image-to-video)',
    inputs: ['image', 'text'],
    outputs: ['video'],
    status: 'active',
    retires: null,
    successor: null,
    recommended: false,
    eta_seconds: 180,
    input_schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        prompt: { type: 'string', maxLength: 2000, pattern: '\\S' },
        image_url: { type: 'string', 'x-media': 'image' },
        end_image_url: { type: 'string', description: 'The last frame.', 'x-media': 'image' },
        duration_seconds: { type: 'number', enum: [6, 10], default: 6 },
        resolution: { type: 'string', enum: ['512p', '768p'], default: '768p' },
        prompt_optimizer: { type: 'boolean', description: expect.any(String) },
      },
      required: ['prompt', 'image_url'],
      additionalProperties: false,
    },
    price: { rule: expect.objectContaining({ kind: 'per_second', from: '2026-11-21' }), credits: 338 },
    preview: false,
    routes: [
      { provider: 'fal', provider_model: 'fal-ai/minimax/hailuo-02/standard/image-to-video', rank: 0 },
      { provider: 'replicate', provider_model: 'minimax/hailuo-02', rank: 1 },
    ],
  });
});

test('every listed model has a price, and is JSON', () => {
  const listed = listModels(now);
  expect(listed.every(({ price }) => (price.credits ?? 0) > 0)).toBe(true);
  expect(JSON.parse(JSON.stringify(listed))).toEqual(listed);
  expect(listed.filter(({ preview }) => preview).map(({ id }) => id)).toEqual(['flux-dev', 'seedance-v1-lite-t2v']);
});

test('a model is listed as retired from its day on', () => {
  const status = (day: string) => listModels(Date.parse(day)).find(({ id }) => id === 'gpt-image-1.5')?.status;
  expect(status('2026-11-30')).toBe('retiring');
  expect(status('2026-12-01')).toBe('retired');
});
