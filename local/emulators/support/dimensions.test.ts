import { expect, test } from 'vitest';
import { imageSize, secondsOf, videoSize } from './dimensions.ts';

test.each([
  [{}, 1024, 1024],
  [{ aspect_ratio: '16:9' }, 1360, 768],
  [{ megapixels: '0.25' }, 512, 512],
  [{ image_size: 'landscape_16_9' }, 1024, 576],
  [{ image_size: { width: 640, height: 480 } }, 640, 480],
  [{ image_size: '1536x1024' }, 1536, 1024],
  [{ width: 300, height: 200 }, 300, 200],
  [{ resolution: '2K' }, 2048, 2048],
  [{ aspect_ratio: 'match_input_image' }, 1024, 1024],
])('an image of %j', (input, width, height) => {
  expect(imageSize(input)).toEqual({ width, height });
});

test.each([
  [{}, 1280, 720],
  [{ resolution: '480p', aspect_ratio: '16:9' }, 854, 480],
  [{ resolution: '1080p', aspect_ratio: '9:16' }, 1080, 1920],
  [{ resolution: '768P' }, 1366, 768],
])('a video of %j', (input, width, height) => {
  expect(videoSize(input)).toEqual({ width, height });
});

test('seconds, however written', () => {
  expect([{ duration: 10 }, { duration: '10' }, { duration: '10s' }, {}].map((input) => secondsOf(input, 5))).toEqual([
    10, 10, 10, 5,
  ]);
});
