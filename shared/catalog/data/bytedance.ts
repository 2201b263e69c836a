import type { Model } from '../types.ts';
import { byResolution, choice, flat, listPrice, prompt, seed, words } from './common.ts';

const SEEDANCE_USD = { '480p': 0.018, '720p': 0.036, '1080p': 0.072 };

const square = (width: number, height: number) => ({ width, height });

export const bytedance: Model[] = [
  {
    id: 'seedream-v4',
    name: 'Seedream 4.0',
    operation: 'image',
    owner: 'bytedance',
    released: '2025-09-09',
    inputs: ['text'],
    outputs: ['image'],
    status: 'active',
    eta_seconds: 20,
    fields: {
      prompt: prompt(),
      aspect_ratio: choice(words('1:1 4:3 3:4 16:9 9:16 3:2 2:3 21:9')),
      resolution: choice(['1K', '2K', '4K']),
      seed,
    },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/bytedance/seedream/v4/text-to-image',
        outputs_per_call: 6,
        count_field: 'num_images',
        longest_seconds: 300,
        fields: {
          prompt: 'prompt',
          // Seedream's own 2K sizes.
          aspect_ratio: {
            to: 'image_size',
            values: {
              '1:1': square(2048, 2048),
              '4:3': square(2304, 1728),
              '3:4': square(1728, 2304),
              '16:9': square(2560, 1440),
              '9:16': square(1440, 2560),
              '3:2': square(2496, 1664),
              '2:3': square(1664, 2496),
              '21:9': square(3024, 1296),
            },
          },
          resolution: { to: 'resolution', values: { '2K': null } },
          seed: 'seed',
        },
        prices: listPrice(
          flat(0.03),
          'fal.ai/models/fal-ai/bytedance/seedream/v4/text-to-image; from memory, not confirmed',
        ),
      },
      {
        provider: 'replicate',
        model: 'bytedance/seedream-4',
        outputs_per_call: 1,
        longest_seconds: 300,
        fields: { prompt: 'prompt', aspect_ratio: 'aspect_ratio', resolution: 'size' },
        prices: listPrice(flat(0.03), 'replicate.com/bytedance/seedream-4, by a third party’s table'),
      },
    ],
  },
  {
    id: 'seedance-v1-lite-t2v',
    name: 'Seedance 1.0 Lite (text-to-video)',
    operation: 'video',
    owner: 'bytedance',
    released: '2025-06-16',
    inputs: ['text'],
    outputs: ['video'],
    status: 'active',
    recommended: true,
    eta_seconds: 60,
    fields: {
      prompt: prompt(2_000),
      aspect_ratio: choice(words('16:9 4:3 1:1 3:4 9:16 21:9 9:21')),
      resolution: choice(['480p', '720p', '1080p'], { default: '720p' }),
      duration_seconds: { type: 'integer', min: 2, max: 12, default: 5 },
      camera_fixed: { type: 'boolean' },
      seed,
    },
    preview: { input: { resolution: '480p', duration_seconds: 2 } },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/bytedance/seedance/v1/lite/text-to-video',
        outputs_per_call: 1,
        longest_seconds: 1_200,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          resolution: 'resolution',
          duration_seconds: { to: 'duration', as: 'string' },
          camera_fixed: 'camera_fixed',
          seed: 'seed',
        },
        prices: listPrice(
          byResolution('per_second', SEEDANCE_USD),
          'fal.ai: $1.80 a million video tokens, $0.18 for 5 s at 720p; from memory, the same as Replicate’s',
        ),
      },
      {
        provider: 'replicate',
        model: 'bytedance/seedance-1-lite',
        outputs_per_call: 1,
        longest_seconds: 1_200,
        fields: {
          prompt: 'prompt',
          aspect_ratio: 'aspect_ratio',
          resolution: 'resolution',
          duration_seconds: 'duration',
          camera_fixed: 'camera_fixed',
          seed: 'seed',
        },
        prices: listPrice(
          byResolution('per_second', SEEDANCE_USD),
          'replicate.com/bytedance/seedance-1-lite, by a third party’s source',
        ),
      },
    ],
  },
];
