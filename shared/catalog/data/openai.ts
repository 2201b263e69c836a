import type { Model } from '../types.ts';
import { choice, listPrice, outputFormat, prompt } from './common.ts';

export const openai: Model[] = [
  {
    id: 'gpt-image-1.5',
    name: 'GPT Image 1.5',
    operation: 'image',
    owner: 'openai',
    released: '2025-12-16',
    inputs: ['text'],
    outputs: ['image'],
    status: 'retiring',
    retires: '2026-12-01',
    successor: 'gpt-image-2.5',
    eta_seconds: 45,
    fields: {
      prompt: prompt(20_000),
      aspect_ratio: choice(['1:1', '3:2', '2:3'], { default: '1:1' }),
      quality: choice(['low', 'medium', 'high'], { default: 'high' }),
      background: choice(['auto', 'transparent', 'opaque']),
      output_format: outputFormat,
    },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/gpt-image-1.5',
        outputs_per_call: 4,
        count_field: 'num_images',
        longest_seconds: 600,
        fields: {
          prompt: 'prompt',
          aspect_ratio: { to: 'image_size', values: { '1:1': '1024x1024', '3:2': '1536x1024', '2:3': '1024x1536' } },
          quality: 'quality',
          background: 'background',
          output_format: 'output_format',
        },
        prices: listPrice(
          {
            kind: 'per_image',
            by: ['quality', 'aspect_ratio'],
            rates: {
              'low/1:1': { usd: 0.009 },
              'low/3:2': { usd: 0.013 },
              'low/2:3': { usd: 0.013 },
              'medium/1:1': { usd: 0.034 },
              'medium/3:2': { usd: 0.05 },
              'medium/2:3': { usd: 0.051 },
              'high/1:1': { usd: 0.133 },
              'high/3:2': { usd: 0.199 },
              'high/2:3': { usd: 0.2 },
            },
          },
          'fal.ai/models/fal-ai/gpt-image-1.5/llms.txt; its charge for text tokens is within the margin',
        ),
      },
      {
        provider: 'replicate',
        model: 'openai/gpt-image-1.5',
        outputs_per_call: 10,
        count_field: 'number_of_images',
        longest_seconds: 600,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          quality: 'quality',
          background: 'background',
          output_format: 'output_format',
        },
        prices: listPrice(
          {
            kind: 'per_image',
            by: ['quality'],
            rates: { low: { usd: 0.013 }, medium: { usd: 0.05 }, high: { usd: 0.136 } },
          },
          'replicate.com/openai/gpt-image-1.5: high by a third party’s table, low and medium from memory',
        ),
      },
    ],
  },
];
