import { expect, test } from 'vitest';
import { contentTypeOf, publicIdOf, thumbnailUrl } from './urls.ts';

test('an output’s id names account, job, stage, attempt and its number', () => {
  const id = publicIdOf({ accountId: 'acct_1', jobId: 'job_2', stage: 'final', attemptId: 'att_3', n: 0 });
  expect(id).toBe('user_acct_1/job_2/final/att_3-0');
});

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
