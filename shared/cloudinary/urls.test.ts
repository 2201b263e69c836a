import { expect, test } from 'vitest';
import { contentTypeOf, thumbnailUrl } from './urls.ts';

test.each([
  [
    'https://res.cloudinary.com/d/image/upload/v1/a/b.png',
    'image',
    'https://res.cloudinary.com/d/image/upload/c_limit,w_640/v1/a/b.jpg',
  ],
  [
    'https://res.cloudinary.com/d/video/upload/v1/a/b.mp4',
    'video',
    'https://res.cloudinary.com/d/video/upload/so_0,c_limit,w_640/v1/a/b.jpg',
  ],
  ['http://127.0.0.1:9/d/image/upload/v1/a', 'image', 'http://127.0.0.1:9/d/image/upload/c_limit,w_640/v1/a.jpg'],
  ['https://res.cloudinary.com/d/video/upload/v1/a/b.mp3', 'audio', undefined],
  ['https://example.com/a.png', 'image', undefined],
  ['https://res.cloudinary.com/d/image/upload/x/upload/b.png', 'image', undefined],
] as const)('the thumbnail of %s (%s)', (url, kind, thumbnail) => {
  expect(thumbnailUrl(url, kind)).toBe(thumbnail);
});

test.each([
  ['jpg', 'image', 'image/jpeg'],
  ['webp', 'image', 'image/webp'],
  ['mp4', 'video', 'video/mp4'],
  ['aac', 'audio', 'audio/aac'],
  ['', 'raw', 'application/octet-stream'],
  ['constructor', 'raw', 'application/octet-stream'],
])('%s as %s is %s', (format, type, contentType) => {
  expect(contentTypeOf(format, type)).toBe(contentType);
});
