import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cardSvg } from '../media/card.ts';
import { renderVideo } from '../media/video.ts';
import { type Listening, listen } from '../support/serve.ts';
import { createCloudinary } from './cloudinary.ts';
import { CLOUD, picture, wav } from './harness.ts';
import { parseDelivery } from './transformation.ts';

const directory = mkdtempSync(join(tmpdir(), 'cloudinary-'));
let server: Listening;
let base: string;
let png: Uint8Array<ArrayBuffer>;

async function upload(type: string, public_id: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const text = `public_id=${public_id}&timestamp=${timestamp}${CLOUD.apiSecret}`;
  const signature = createHash('sha1').update(text).digest('hex');
  const form = new FormData();
  for (const [name, value] of Object.entries({ public_id, timestamp, signature, api_key: CLOUD.apiKey }))
    form.append(name, value);
  form.append('file', new Blob([bytes]), 'f');
  const response = await fetch(`${server.origin}/v1_1/${CLOUD.cloudName}/${type}/upload`, {
    method: 'POST',
    body: form,
  });
  expect(response.status, await response.text()).toBe(200);
}

beforeAll(async () => {
  server = await listen(createCloudinary({ ...CLOUD, directory }));
  base = `${server.origin}/${CLOUD.cloudName}`;
  png = await picture(300, 200);
  const { bytes } = await renderVideo({ prompt: 'a red fox', seconds: 1, width: 256, height: 144 });
  await upload('image', 'user_1/job_2/final/att_3-0', png);
  await upload('image', 'job_plain', png);
  await upload(
    'image',
    'vector',
    Uint8Array.from(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"/>')),
  );
  await upload('video', 'user_1/film', Uint8Array.from(bytes));
  await upload('video', 'sound', wav());
  await upload('raw', 'notes/a b.txt', Uint8Array.from(Buffer.from('0123456789')));
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}${path}`, { headers });
  return { response, type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
}

const sizeOf = async (bytes: Buffer) => {
  const { format, width, height } = await sharp(bytes).metadata();
  return [format, width, height];
};

describe('originals', () => {
  test.each([
    ['/image/upload/v123/user_1/job_2/final/att_3-0.png', 'image/png'],
    ['/image/upload/user_1/job_2/final/att_3-0', 'image/png'],
    ['/image/upload/job_plain.png', 'image/png'],
    ['/image/upload/f_auto,q_auto/v1/job_plain.png', 'image/png'],
    ['/image/upload/w_5/vector.svg', 'image/svg+xml'],
    ['/video/upload/v1/user_1/film.mp4', 'video/mp4'],
    ['/video/upload/sound.wav', 'audio/wav'],
    ['/raw/upload/v1/notes/a%20b.txt', 'text/plain; charset=utf-8'],
  ])('%s is %s', async (path, contentType) => {
    const { response, type, bytes } = await get(path);
    expect([response.status, type, response.headers.get('access-control-allow-origin')]).toEqual([
      200,
      contentType,
      '*',
    ]);
    expect(bytes.length).toBe(Number(response.headers.get('content-length')));
  });

  test('what is not there is a 404 with the reason', async () => {
    const { response } = await get('/image/upload/v1/none.png');
    expect([response.status, response.headers.get('x-cld-error')]).toEqual([404, 'Resource not found - none']);
    expect((await get('/raw/upload/user_1/film.mp4')).response.status).toBe(404);
    expect((await fetch(`${server.origin}/other/image/upload/job_plain.png`)).status).toBe(404);
    expect((await get('/image/upload/..%2f..%2fassets.db')).response.status).toBe(404);
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ])('%s', async (range, status, text, contentRange) => {
    const { response, bytes } = await get('/raw/upload/notes/a%20b.txt', { range });
    expect([response.status, String(bytes), response.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  test('HEAD and If-None-Match send no body', async () => {
    const head = await fetch(`${base}/video/upload/user_1/film.mp4`, { method: 'HEAD' });
    expect([head.status, head.headers.get('accept-ranges')]).toEqual([200, 'bytes']);
    const etag = head.headers.get('etag') ?? '';
    expect((await get('/video/upload/user_1/film.mp4', { 'if-none-match': etag })).response.status).toBe(304);
  });
});

describe('transformations', () => {
  test.each([
    ['w_30,h_30,c_fill/v1/job_plain.png', ['png', 30, 30]],
    ['c_limit,w_100/job_plain.jpg', ['jpeg', 100, 67]],
    ['c_limit,w_900/job_plain.png', ['png', 300, 200]],
    ['c_fit,w_100,h_100/job_plain.png', ['png', 100, 67]],
    ['c_scale,w_50,h_50/job_plain.png', ['png', 50, 50]],
    ['c_pad,w_80,h_80,b_white/q_50/job_plain.webp', ['webp', 80, 80]],
    ['w_200/w_20,h_10,c_fill,f_jpg/v1/user_1/job_2/final/att_3-0.png', ['jpeg', 20, 10]],
    ['job_plain.avif', ['heif', 300, 200]],
  ])('image/upload/%s', async (path, expected) => {
    expect(await sizeOf((await get(`/image/upload/${path}`)).bytes)).toEqual(expected);
  });

  test('a still of a film shows what the film shows', async () => {
    const { type, bytes } = await get('/video/upload/so_0,w_128/v1/user_1/film.jpg');
    expect(type).toBe('image/jpeg');
    expect(await sizeOf(bytes)).toEqual(['jpeg', 128, 72]);
    const drawn = Buffer.from(cardSvg({ prompt: 'a red fox', width: 256, height: 144, label: '1 s' }));
    const pixels = (image: Buffer) => sharp(image).removeAlpha().raw().toBuffer();
    const [still, slide] = await Promise.all([
      get('/video/upload/user_1/film.png').then((got) => pixels(got.bytes)),
      pixels(drawn),
    ]);
    const difference =
      still.reduce((sum, value, index) => sum + Math.abs(value - (slide[index] ?? 0)), 0) / slide.length;
    expect(still.length).toBe(slide.length);
    expect(difference).toBeLessThan(3);
  });

  test('of other media a card is drawn', async () => {
    expect(await sizeOf((await get('/video/upload/so_0/sound.png')).bytes)).toEqual(['png', 512, 288]);
  });

  test('what makes no sense is a 400 with the reason', async () => {
    for (const path of [
      '/image/upload/w_big/v1/job_plain.png',
      '/image/upload/c_nothing/v1/job_plain.png',
      '/image/upload/zz_1/v1/job_plain.png',
      '/image/upload/job_plain.mp4',
      '/image/upload/%zz.png',
      '/video/upload/user_1/film.webm',
    ]) {
      const { response } = await get(path);
      expect([response.status, response.headers.get('x-cld-error')], path).toEqual([
        400,
        expect.stringContaining('Invalid'),
      ]);
    }
  });

  test('folders are not taken for transformations', () => {
    expect(parseDelivery('user_1/job_2/a.png')).toEqual({ steps: [], publicId: 'user_1/job_2/a.png' });
    expect(parseDelivery('s--abcdefgh--/w_1,h_2/job_2/a')).toEqual({
      steps: [{ w: '1', h: '2' }],
      publicId: 'job_2/a',
    });
    expect(parseDelivery('w_1/v9/w_2/a')).toEqual({ steps: [{ w: '1' }], publicId: 'w_2/a' });
  });
});
