import type { Model } from '../types.ts';
import { byResolution, choice, flat, listPrice, outputFormat, prompt, replicateFormat, seed, words } from './common.ts';

const NANO_BANANA_PRICES = listPrice(
  byResolution('per_image', { '1K': 0.15, '2K': 0.15, '4K': 0.3 }),
  'fal.ai/models/fal-ai/nano-banana-pro: $0.15, twice that for 4K; by third parties’ tables',
);

const NANO_BANANA_FIELDS = {
  prompt: 'prompt',
  aspect_ratio: 'aspect_ratio',
  resolution: 'resolution',
  seed: 'seed',
  output_format: 'output_format',
};

const IMAGEN_RATIOS = words('1:1 9:16 16:9 3:4 4:3');

export const google: Model[] = [
  {
    id: 'imagen-4',
    name: 'Imagen 4',
    operation: 'image',
    owner: 'google',
    released: '2025-05-20',
    inputs: ['text'],
    outputs: ['image'],
    // Google's own API has shut it; what Replicate and fal still serve may end any day.
    status: 'upstream-retired',
    successor: 'nano-banana-pro',
    eta_seconds: 10,
    fields: {
      prompt: prompt(4_000),
      aspect_ratio: choice(IMAGEN_RATIOS),
      resolution: choice(['1K', '2K']),
      seed,
      output_format: outputFormat,
    },
    routes: [
      {
        provider: 'replicate',
        model: 'google/imagen-4',
        outputs_per_call: 1,
        longest_seconds: 300,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          resolution: { to: 'resolution', values: { '1K': null } },
          output_format: replicateFormat,
        },
        prices: listPrice(flat(0.04), 'replicate.com/google/imagen-4, by a third party’s table'),
      },
      {
        provider: 'fal',
        model: 'fal-ai/imagen4/preview',
        outputs_per_call: 4,
        count_field: 'num_images',
        longest_seconds: 300,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          resolution: 'resolution',
          seed: 'seed',
          output_format: 'output_format',
        },
        prices: listPrice(flat(0.04), 'fal.ai/models/fal-ai/imagen4/preview, by LiteLLM’s price table ($0.0398)'),
      },
      {
        provider: 'replicate',
        model: 'google/imagen-4-fast',
        pinned_only: true,
        outputs_per_call: 1,
        longest_seconds: 300,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          resolution: { to: 'resolution', values: { '1K': null } },
          output_format: replicateFormat,
        },
        prices: listPrice(flat(0.02), 'replicate.com/google/imagen-4-fast, by a third party’s table'),
      },
    ],
  },
  {
    id: 'nano-banana-pro',
    name: 'Nano Banana Pro (Gemini 3 Pro Image)',
    operation: 'image',
    owner: 'google',
    released: '2025-11-20',
    inputs: ['text'],
    outputs: ['image'],
    status: 'active',
    recommended: true,
    eta_seconds: 25,
    fields: {
      prompt: prompt(10_000),
      aspect_ratio: choice(words('auto 21:9 16:9 3:2 4:3 5:4 1:1 4:5 3:4 2:3 9:16')),
      resolution: choice(['1K', '2K', '4K'], { default: '1K' }),
      seed,
      output_format: outputFormat,
    },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/nano-banana-pro',
        outputs_per_call: 4,
        count_field: 'num_images',
        longest_seconds: 300,
        fields: NANO_BANANA_FIELDS,
        prices: NANO_BANANA_PRICES,
      },
      {
        provider: 'fal',
        model: 'fal-ai/gemini-3-pro-image-preview',
        outputs_per_call: 4,
        count_field: 'num_images',
        longest_seconds: 300,
        fields: NANO_BANANA_FIELDS,
        prices: NANO_BANANA_PRICES,
      },
    ],
  },
];
