import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createCloudinary } from './cloudinary.ts';
import type { MediaSource } from './types.ts';

const now = Date.UTC(2026, 10, 21, 9);
const timestamp = String(now / 1000);
const publicId = 'user_acct_1/job_2/final/att_3-0';
const url = `https://res.cloudinary.com/demo/image/upload/v1/${publicId}.png`;
const uploaded = {
  public_id: publicId,
  secure_url: url,
  resource_type: 'image',
  format: 'png',
  bytes: 1234,
  width: 640,
  height: 480,
};

type Sent = { url: string; method?: string; form: FormData; redirect?: string };

function setup(answer: Response | Error | ((sent: Sent) => Response)) {
  const sent: Sent[] = [];
  const fetch = async (target: string | URL, init: RequestInit = {}) => {
    const { method, redirect } = init;
    const form = await new Response(init.body, { headers: init.headers }).formData();
    const one = { url: String(target), method, redirect, form };
    sent.push(one);
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer(one) : answer;
  };
  const cloudinary = createCloudinary({ cloudName: 'demo', apiKey: 'key', apiSecret: 'secret', fetch, now: () => now });
  return { sent, ...cloudinary };
}

const sign = (text: string) => createHash('sha256').update(`${text}secret`).digest('hex');
const signature = sign(`overwrite=false&public_id=${publicId}&timestamp=${timestamp}`);
const store = (answer: Response | Error, source: MediaSource = { url: 'https://replicate.delivery/x.png' }) =>
  setup(answer).store({ source, publicId, kind: 'image' });

describe('store', () => {
  test('signs, asks Cloudinary to fetch, and never to overwrite', async () => {
    const { sent, store } = setup(Response.json(uploaded));
    const stored = await store({ source: { url: 'https://replicate.delivery/x.png' }, publicId, kind: 'image' });
    expect(sent[0]).toMatchObject({
      url: 'https://api.cloudinary.com/v1_1/demo/image/upload',
      method: 'POST',
      redirect: 'manual',
    });
    expect(Object.fromEntries(sent[0]?.form ?? [])).toEqual({
      public_id: publicId,
      overwrite: 'false',
      timestamp,
      api_key: 'key',
      signature,
      file: 'https://replicate.delivery/x.png',
    });
    expect(stored).toEqual({
      ok: true,
      asset: {
        kind: 'image',
        public_id: publicId,
        url,
        thumbnail_url: `https://res.cloudinary.com/demo/image/upload/c_limit,w_640/v1/${publicId}.jpg`,
        content_type: 'image/png',
        bytes: 1234,
        width: 640,
        height: 480,
      },
    });
  });

  test('an id with & cannot smuggle a parameter into the signature', async () => {
    const { sent, store } = setup(new Error('down'));
    await store({ source: { url: 'x' }, publicId: 'a&timestamp=1', kind: 'image' });
    expect(sent[0]?.form.get('signature')).toBe(
      sign(`overwrite=false&public_id=a%26timestamp=1&timestamp=${timestamp}`),
    );
  });

  test('sends data URIs, bytes and streams', async () => {
    const bytes = new TextEncoder().encode('not really a png');
    const stream = () => new Response(bytes).body as ReadableStream<Uint8Array>;
    const read = async (source: MediaSource) => {
      const { sent, store } = setup(Response.json(uploaded));
      expect((await store({ source, publicId, kind: 'image' })).ok).toBe(true);
      expect(sent[0]?.form.get('signature')).toBe(signature);
      return sent[0]?.form.get('file') as File;
    };
    expect(await read({ dataUri: 'data:image/png;base64,AAAA' })).toBe('data:image/png;base64,AAAA');
    for (const source of [bytes, stream()]) {
      const file = await read({ bytes: source, contentType: 'image/png' });
      expect([await file.text(), file.type]).toEqual(['not really a png', 'image/png']);
    }
    const file = await read({ bytes: stream(), contentType: 'image/png\r\nx-evil: 1' });
    expect(file.type).toBe('application/octet-stream');
  });

  test.each([
    [
      'film',
      'video',
      { resource_type: 'video', format: 'mp4', duration: 5.2 },
      { content_type: 'video/mp4', duration_seconds: 5.2 },
    ],
    ['sound', 'audio', { resource_type: 'video', format: 'mp3', is_audio: true }, { content_type: 'audio/mpeg' }],
    ['drawing', 'vector', { format: 'svg' }, { content_type: 'image/svg+xml' }],
    [
      'model',
      'model_3d',
      { resource_type: 'raw', format: null, secure_url: `${url.slice(0, -4)}.glb` },
      { content_type: 'model/gltf-binary' },
    ],
  ] as const)('a %s', async (_, kind, answer, asset) => {
    const { store } = setup(Response.json({ ...uploaded, ...answer }));
    expect(await store({ source: { url: 'x' }, publicId, kind })).toMatchObject({
      ok: true,
      asset: { kind, ...asset },
    });
  });

  test.each([
    ['not an image', 400, 'Invalid image file', 'unusable'],
    ['gone', 404, 'Resource not found - https://replicate.delivery/x.png', 'unusable'],
    ['forbidden at its source', 400, 'Error in loading https://fal.media/x.png - 403 Forbidden', 'unusable'],
    ['too large', 400, 'File size too large. Got 200000000. Maximum is 104857600.', 'unusable'],
    ['a source that is down', 400, 'Error in loading https://fal.media/x.png - 503 Service Unavailable', 'unavailable'],
    [
      'our clock',
      400,
      'Stale request - reported time is 2026-11-21 05:00:00 +0000 which is more than 1 hour ago',
      'unavailable',
    ],
    ['our key', 401, 'Invalid Signature', 'unavailable'],
    ['our plan', 420, 'Rate limit exceeded', 'unavailable'],
    ['their trouble', 500, 'General Error', 'unavailable'],
  ])('refused for %s', async (_, status, message, reason) => {
    const refused = await store(Response.json({ error: { message } }, { status }));
    expect(refused).toEqual({ ok: false, reason, message });
  });

  test('no answer, or one without sense, is for later', async () => {
    const answers = [
      new TypeError('fetch failed'),
      new Response('<html>', { status: 502 }),
      Response.json({}),
      Response.json(null),
    ];
    answers.push(Response.json({ ...uploaded, public_id: 'another' }));
    for (const answer of answers) expect(await store(answer)).toMatchObject({ ok: false, reason: 'unavailable' });
  });

  test('what is empty or of another kind cannot be used', async () => {
    expect(await store(Response.json({ ...uploaded, bytes: 0 }))).toMatchObject({ reason: 'unusable' });
    const sound = Response.json({ ...uploaded, resource_type: 'video', format: 'mp3', is_audio: true });
    expect(await setup(sound).store({ source: { url: 'x' }, publicId, kind: 'video' })).toMatchObject({
      reason: 'unusable',
    });
  });
});

test('destroy tells what is gone from what is not, each under its own type', async () => {
  const results: Record<string, Response> = {
    a: Response.json({ result: 'ok' }),
    b: Response.json({ result: 'not found' }),
    c: Response.json({ error: { message: 'no' } }, { status: 500 }),
  };
  const { sent, destroy } = setup(({ form }) => results[String(form.get('public_id'))] as Response);
  const assets = [
    { public_id: 'a', kind: 'image' },
    { public_id: 'b', kind: 'audio' },
    { public_id: 'c', kind: 'model_3d' },
  ] as const;
  expect(await destroy(assets)).toEqual({ deleted: ['a', 'b'], failed: ['c'] });
  // All at once, so in no order.
  const asked = new Map(sent.map(({ url, form }) => [form.get('public_id'), { path: url.split('/demo/')[1], form }]));
  const paths = assets.map(({ public_id }) => asked.get(public_id)?.path);
  expect(paths).toEqual(['image/destroy', 'video/destroy', 'raw/destroy']);
  expect(asked.get('a')?.form.get('signature')).toBe(sign(`invalidate=true&public_id=a&timestamp=${timestamp}`));
});
