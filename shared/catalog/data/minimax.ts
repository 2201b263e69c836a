import type { Field, Model } from '../types.ts';
import { byResolution, choice, flat, image, listPrice, perSecond, prompt } from './common.ts';

const OWNER = 'minimax';
const promptOptimizer: Field = { type: 'boolean', about: 'Whether the prompt may be rewritten; it is by default.' };
const sixOrTen = choice([6, 10], { default: 6 });

export const minimax: Model[] = [
  {
    id: 'minimax-video-01',
    name: 'MiniMax Video-01',
    operation: 'video',
    owner: OWNER,
    released: '2024-09-01',
    inputs: ['text', 'image'],
    outputs: ['video'],
    status: 'active',
    eta_seconds: 180,
    fields: {
      prompt: prompt(2_000),
      image_url: { ...image, about: 'The first frame.' },
      duration_seconds: choice([6]),
      prompt_optimizer: promptOptimizer,
    },
    routes: [
      {
        provider: 'replicate',
        model: 'minimax/video-01',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: {
          prompt: 'prompt',
          image_url: 'first_frame_image',
          duration_seconds: null,
          prompt_optimizer: 'prompt_optimizer',
        },
        prices: listPrice(flat(0.5), 'replicate.com/minimax/video-01, by a reseller’s table'),
      },
      {
        provider: 'fal',
        model: 'fal-ai/minimax/video-01',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: { prompt: 'prompt', duration_seconds: null, prompt_optimizer: 'prompt_optimizer' },
        prices: listPrice(flat(0.5), 'fal.ai/models/fal-ai/minimax/video-01; from memory, the same as Replicate’s'),
      },
      {
        provider: 'fal',
        model: 'fal-ai/minimax/video-01/image-to-video',
        requires: ['image_url'],
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: {
          prompt: 'prompt',
          image_url: 'image_url',
          duration_seconds: null,
          prompt_optimizer: 'prompt_optimizer',
        },
        prices: listPrice(
          flat(0.5),
          'fal.ai/models/fal-ai/minimax/video-01/image-to-video; from memory, the same as Replicate’s',
        ),
      },
    ],
  },
  {
    id: 'hailuo-02-fast-i2v',
    name: 'MiniMax Hailuo 02 Fast (image-to-video)',
    operation: 'video',
    owner: OWNER,
    released: '2025-08-13',
    inputs: ['image', 'text'],
    outputs: ['video'],
    status: 'active',
    eta_seconds: 90,
    fields: {
      prompt: prompt(2_000),
      image_url: { ...image, required: true },
      duration_seconds: sixOrTen,
      prompt_optimizer: promptOptimizer,
    },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/minimax/hailuo-02-fast/image-to-video',
        outputs_per_call: 1,
        longest_seconds: 1_200,
        fields: {
          prompt: 'prompt',
          image_url: 'image_url',
          duration_seconds: { to: 'duration', as: 'string' },
          prompt_optimizer: 'prompt_optimizer',
        },
        prices: listPrice(
          perSecond(0.017),
          'fal.ai/models/fal-ai/minimax/hailuo-02-fast/image-to-video, by a third party’s source',
        ),
      },
    ],
  },
  {
    id: 'hailuo-02-standard-i2v',
    name: 'MiniMax Hailuo 02 Standard (image-to-video)',
    operation: 'video',
    owner: OWNER,
    released: '2025-06-18',
    inputs: ['image', 'text'],
    outputs: ['video'],
    status: 'active',
    eta_seconds: 180,
    fields: {
      prompt: prompt(2_000),
      image_url: { ...image, required: true },
      end_image_url: { ...image, about: 'The last frame.' },
      duration_seconds: sixOrTen,
      resolution: choice(['512p', '768p'], { default: '768p' }),
      prompt_optimizer: promptOptimizer,
    },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/minimax/hailuo-02/standard/image-to-video',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: {
          prompt: 'prompt',
          image_url: 'image_url',
          end_image_url: 'end_image_url',
          duration_seconds: { to: 'duration', as: 'string' },
          resolution: { to: 'resolution', values: { '512p': '512P', '768p': '768P' } },
          prompt_optimizer: 'prompt_optimizer',
        },
        prices: listPrice(
          byResolution('per_second', { '512p': 0.017, '768p': 0.045 }),
          'fal.ai/models/fal-ai/minimax/hailuo-02/standard/image-to-video/llms.txt',
        ),
      },
      {
        provider: 'replicate',
        model: 'minimax/hailuo-02',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: {
          prompt: 'prompt',
          image_url: 'first_frame_image',
          end_image_url: 'last_frame_image',
          duration_seconds: 'duration',
          resolution: 'resolution',
          prompt_optimizer: 'prompt_optimizer',
        },
        prices: listPrice(
          byResolution('per_second', { '512p': 0.017, '768p': 0.045 }),
          'replicate.com/minimax/hailuo-02: not found, taken to be fal’s',
        ),
      },
    ],
  },
];
