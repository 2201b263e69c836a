import type { Model } from '../types.ts';
import { choice, falImageSize, flat, listPrice, prompt, seed, words } from './common.ts';

export const ideogram: Model[] = [
  {
    id: 'ideogram-v3-turbo',
    name: 'Ideogram V3 Turbo',
    operation: 'image',
    owner: 'ideogram-ai',
    released: '2025-03-26',
    inputs: ['text'],
    outputs: ['image'],
    status: 'active',
    eta_seconds: 8,
    fields: {
      prompt: prompt(4_000),
      negative_prompt: { type: 'text', max: 4_000 },
      aspect_ratio: choice(words('1:1 16:9 9:16 4:3 3:4 3:2 2:3 4:5 5:4 16:10 10:16 2:1 1:2 3:1 1:3')),
      style: choice(words('auto general realistic design')),
      seed,
    },
    routes: [
      {
        provider: 'replicate',
        model: 'ideogram-ai/ideogram-v3-turbo',
        outputs_per_call: 1,
        longest_seconds: 300,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          style: {
            to: 'style_type',
            values: { auto: 'Auto', general: 'General', realistic: 'Realistic', design: 'Design' },
          },
          seed: 'seed',
        },
        prices: listPrice(flat(0.03), 'replicate.com/ideogram-ai/ideogram-v3-turbo, by third parties’ tables'),
      },
      {
        provider: 'fal',
        model: 'fal-ai/ideogram/v3',
        outputs_per_call: 8,
        count_field: 'num_images',
        longest_seconds: 300,
        fields: {
          prompt: 'prompt',
          negative_prompt: 'negative_prompt',
          aspect_ratio: falImageSize,
          style: {
            to: 'style',
            values: { auto: 'AUTO', general: 'GENERAL', realistic: 'REALISTIC', design: 'DESIGN' },
          },
          seed: 'seed',
        },
        fixed: { rendering_speed: 'TURBO' },
        prices: listPrice(flat(0.03), 'fal.ai: TURBO, as of its other Ideogram endpoint’s llms.txt'),
      },
    ],
  },
];
