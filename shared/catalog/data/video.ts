import type { Model } from '../types.ts';
import { byResolution, choice, image, listPrice, perSecond, prompt, video, words } from './common.ts';

const REFRAME_RATIOS = words('1:1 16:9 9:16 4:3 3:4 21:9 9:21');
const REFRAME_FIELDS = {
  video_url: 'video_url',
  aspect_ratio: 'aspect_ratio',
  prompt: 'prompt',
  duration_seconds: null,
};
const sourceLength = (max: number) => ({
  type: 'integer' as const,
  min: 1,
  max,
  default: max,
  measured: true as const,
  about:
    'Length of the source in seconds, rounded up: what is held for. The length of the result is charged, up to that.',
});

/** Kling, Luma and Topaz. */
export const videoModels: Model[] = [
  {
    id: 'kling-v2.5-turbo-pro-i2v',
    name: 'Kling 2.5 Turbo Pro (image-to-video)',
    operation: 'video',
    owner: 'kwaivgi',
    released: '2025-09-23',
    inputs: ['image', 'text'],
    outputs: ['video'],
    status: 'active',
    recommended: true,
    eta_seconds: 150,
    fields: {
      prompt: prompt(2_500),
      image_url: { ...image, required: true },
      end_image_url: { ...image, about: 'The last frame.' },
      negative_prompt: { type: 'text', max: 2_500 },
      duration_seconds: choice([5, 10], { default: 5 }),
      guidance: { type: 'number', min: 0, max: 1 },
    },
    routes: [
      {
        provider: 'fal',
        model: 'fal-ai/kling-video/v2.5-turbo/pro/image-to-video',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: {
          prompt: 'prompt',
          image_url: 'image_url',
          end_image_url: 'tail_image_url',
          negative_prompt: 'negative_prompt',
          duration_seconds: { to: 'duration', as: 'string' },
          guidance: 'cfg_scale',
        },
        prices: listPrice(
          perSecond(0.07),
          'fal.ai/models/fal-ai/kling-video/v2.5-turbo/pro/image-to-video/llms.txt: $0.35 for 5 s, $0.07 for each more',
        ),
      },
      {
        provider: 'replicate',
        model: 'kwaivgi/kling-v2.5-turbo-pro',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: {
          prompt: 'prompt',
          image_url: 'start_image',
          end_image_url: 'end_image',
          negative_prompt: 'negative_prompt',
          duration_seconds: 'duration',
        },
        prices: listPrice(perSecond(0.07), 'replicate.com/kwaivgi/kling-v2.5-turbo-pro, by a third party’s source'),
      },
    ],
  },
  {
    id: 'luma-reframe-video',
    name: 'Luma Reframe Video',
    operation: 'video-edit',
    owner: 'luma',
    released: '2025-06-05',
    inputs: ['video', 'text'],
    outputs: ['video'],
    status: 'active',
    eta_seconds: 120,
    fields: {
      video_url: { ...video, required: true },
      aspect_ratio: choice(REFRAME_RATIOS, { default: '16:9' }),
      prompt: { type: 'text', max: 5_000 },
      duration_seconds: sourceLength(30),
    },
    routes: [
      {
        provider: 'replicate',
        model: 'luma/reframe-video',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: REFRAME_FIELDS,
        prices: listPrice(
          perSecond(0.06),
          'replicate.com/luma/reframe-video: not found, taken to be fal’s for Ray 2 Flash',
        ),
      },
      {
        provider: 'fal',
        model: 'fal-ai/luma-dream-machine/ray-2-flash/reframe',
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: REFRAME_FIELDS,
        prices: listPrice(perSecond(0.06), 'fal.ai/models/fal-ai/luma-dream-machine/ray-2-flash/reframe/llms.txt'),
      },
      {
        provider: 'fal',
        model: 'fal-ai/luma-dream-machine/ray-2/reframe',
        pinned_only: true,
        outputs_per_call: 1,
        longest_seconds: 1_800,
        fields: REFRAME_FIELDS,
        prices: listPrice(
          perSecond(0.2),
          'fal.ai/models/fal-ai/luma-dream-machine/ray-2/reframe; from memory, not confirmed',
        ),
      },
    ],
  },
  {
    id: 'topaz-video-upscale',
    name: 'Topaz Video Upscale',
    operation: 'upscale',
    owner: 'topazlabs',
    released: '2025-05-01',
    inputs: ['video'],
    outputs: ['video'],
    status: 'active',
    eta_seconds: 240,
    fields: {
      video_url: { ...video, required: true },
      resolution: choice(['720p', '1080p', '4k'], { default: '1080p' }),
      fps: { type: 'integer', min: 16, max: 30 },
      upscale_factor: { type: 'number', min: 1, max: 4, about: 'Instead of a resolution; of one provider only.' },
      duration_seconds: sourceLength(60),
    },
    routes: [
      {
        provider: 'replicate',
        model: 'topazlabs/video-upscale',
        outputs_per_call: 1,
        longest_seconds: 3_600,
        fields: { video_url: 'video', resolution: 'target_resolution', fps: 'target_fps', duration_seconds: null },
        prices: listPrice(
          byResolution('per_second', { '720p': 0.01, '1080p': 0.02, '4k': 0.08 }),
          'replicate.com/topazlabs/video-upscale: not found, taken to be fal’s',
        ),
      },
      {
        provider: 'fal',
        model: 'fal-ai/topaz/upscale/video',
        requires: ['upscale_factor'],
        outputs_per_call: 1,
        longest_seconds: 3_600,
        fields: { video_url: 'video_url', upscale_factor: 'upscale_factor', fps: 'target_fps', duration_seconds: null },
        // By the output's size, which a factor does not tell: the dearest.
        prices: listPrice(
          perSecond(0.08),
          'fal.ai: $0.01 up to 720p, $0.02 up to 1080p, $0.08 above; by third parties’ sources',
        ),
      },
    ],
  },
];
