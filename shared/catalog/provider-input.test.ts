import { describe, expect, test } from 'vitest';
import type { Input } from './input.ts';
import { findModel } from './models.ts';
import { cannotHonour, providerInput, routeOf } from './provider-input.ts';
import type { Model, Route } from './types.ts';

const prompt = 'a lighthouse';
const image_url = 'https://example.com/a.png';

function send(providerModel: string, input: Input, outputs = 1, stage: 'preview' | 'final' = 'final') {
  const model = findModel(providerModel)?.model as Model;
  return providerInput({ model, provider_model: providerModel, input, outputs, stage });
}

test.each([
  ['google/imagen-4', { prompt, output_format: 'jpeg', resolution: '1K' }, { prompt, output_format: 'jpg' }],
  ['black-forest-labs/flux-kontext-pro', { prompt, image_url, seed: 0 }, { prompt, input_image: image_url, seed: 0 }],
  ['fal-ai/flux-pro/kontext', { prompt, image_url }, { prompt, image_url, num_images: 1 }],
  [
    'fal-ai/ideogram/v3',
    { prompt, aspect_ratio: '1:1' },
    { prompt, image_size: 'square_hd', rendering_speed: 'TURBO', num_images: 1 },
  ],
  [
    'fal-ai/flux/dev',
    { prompt, aspect_ratio: '3:2' },
    { prompt, image_size: { width: 1152, height: 768 }, num_images: 1 },
  ],
  ['fal-ai/flux-2-pro', { prompt }, { prompt }],
  ['black-forest-labs/flux-2-pro', { prompt }, { prompt, resolution: '1 MP' }],
  ['fal-ai/gpt-image-1.5', { prompt }, { prompt, image_size: '1024x1024', quality: 'high', num_images: 1 }],
  ['minimax/video-01', { prompt, image_url, duration_seconds: 6 }, { prompt, first_frame_image: image_url }],
  ['fal-ai/minimax/video-01', { prompt, prompt_optimizer: false }, { prompt, prompt_optimizer: false }],
  ['luma/reframe-video', { video_url: 'v', duration_seconds: 9 }, { video_url: 'v', aspect_ratio: '16:9' }],
  ['topazlabs/video-upscale', { video_url: 'v' }, { video: 'v', target_resolution: '1080p' }],
  ['kwaivgi/kling-v2.5-turbo-pro', { prompt, image_url }, { prompt, start_image: image_url, duration: 5 }],
  [
    'fal-ai/minimax/hailuo-02/standard/image-to-video',
    { prompt, image_url },
    { prompt, image_url, duration: '6', resolution: '768P' },
  ],
  [
    'fal-ai/bytedance/seedance/v1/lite/text-to-video',
    { prompt, camera_fixed: false },
    { prompt, camera_fixed: false, duration: '5', resolution: '720p' },
  ],
] as [string, Input, object][])('%s gets %j as its own', (providerModel, input, expected) => {
  expect(send(providerModel, input)).toEqual(expected);
});

test('the number of outputs goes where the provider counts, and never above what one call makes', () => {
  expect(send('black-forest-labs/flux-dev', { prompt }, 3)).toMatchObject({ num_outputs: 3 });
  expect(send('black-forest-labs/flux-dev', { prompt }, 9)).toMatchObject({ num_outputs: 4 });
  expect(send('black-forest-labs/flux-1.1-pro', { prompt }, 3)).toEqual({ prompt });
});

describe('a preview', () => {
  test('is smaller and quicker, with the same seed', () => {
    const preview = send('black-forest-labs/flux-dev', { prompt, seed: 0, steps: 50 }, 1, 'preview');
    expect(preview).toEqual({
      prompt,
      seed: 0,
      megapixels: '0.25',
      num_inference_steps: 12,
      go_fast: true,
      num_outputs: 1,
    });
    const film = send('bytedance/seedance-1-lite', { prompt, resolution: '1080p', duration_seconds: 12 }, 1, 'preview');
    expect(film).toEqual({ prompt, resolution: '480p', duration: 2 });
  });

  test('leaves no trace in the final', () => {
    expect(send('bytedance/seedance-1-lite', { prompt })).toEqual({ prompt, resolution: '720p', duration: 5 });
    expect(send('black-forest-labs/flux-dev', { prompt })).toEqual({ prompt, num_outputs: 1 });
  });
});

test.each([
  ['google/imagen-4', { prompt, seed: 0 }, 'takes no seed'],
  ['google/imagen-4', { prompt, resolution: '2K' }, 'cannot do resolution "2K"'],
  ['fal-ai/flux-pro/kontext', { prompt, image_url, aspect_ratio: '4:5' }, 'cannot do aspect_ratio "4:5"'],
  ['fal-ai/minimax/video-01', { prompt, image_url }, 'takes no image_url'],
  ['fal-ai/minimax/video-01/image-to-video', { prompt }, 'works only with image_url'],
  ['fal-ai/minimax/video-01/image-to-video', { prompt, image_url }, undefined],
  ['fal-ai/topaz/upscale/video', { video_url: 'v', upscale_factor: 2, resolution: '4k' }, 'takes no resolution'],
] as [string, Input, string | undefined][])('%s and %j: %s', (providerModel, input, reason) => {
  const found = findModel(providerModel);
  expect(cannotHonour(found?.pinnedRoute as Route, input)).toBe(reason);
});

test('a route that the model has not is a fault, not an empty input', () => {
  const model = findModel('flux-dev')?.model as Model;
  expect(() => routeOf(model, 'google/imagen-4')).toThrow('flux-dev has no route google/imagen-4');
  expect(() => routeOf(model, 'fal-ai/flux/dev', 'replicate')).toThrow();
});
