import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { listen } from '../support/serve.ts';
import { CLOUD, cleanup, control, picture, start, temporaryFolder, wav } from './harness.ts';
import { stringToSign } from './signature.ts';

type Fields = Record<string, string>;

function signed(fields: Fields, { algorithm = 'sha1', at = Date.now() } = {}): Fields {
  const params = { timestamp: String(Math.floor(at / 1000)), ...fields };
  const text = stringToSign(new Map(Object.entries(params)));
  const signature = createHash(algorithm)
    .update(text + CLOUD.apiSecret)
    .digest('hex');
  return { ...params, api_key: CLOUD.apiKey, signature };
}

async function send(url: string, fields: Fields, file?: Uint8Array<ArrayBuffer> | string) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (typeof file === 'string') form.append('file', file);
  else if (file !== undefined) form.append('file', new Blob([file]), 'f.bin');
  const response = await fetch(url, { method: 'POST', body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const assets = async (origin: string) =>
  ((await (await fetch(`${origin}/__assets`)).json()) as { data: unknown[] }).data;

describe('signatures', () => {
  test.each(['sha1', 'sha256'])('%s is accepted, and any change of a signed field is not', async (algorithm) => {
    const { api } = await start();
    const fields = signed({ public_id: 'a', tags: 'x' }, { algorithm });
    const file = await picture(4, 4);
    expect((await send(`${api}/image/upload`, fields, file)).status).toBe(200);
    const changes: Fields[] = [
      { public_id: 'b' },
      { overwrite: 'false' },
      { tags: 'x&public_id=b' },
      { signature: `${fields.signature}0` },
    ];
    for (const change of changes) {
      const { status, body } = await send(`${api}/image/upload`, { ...fields, ...change }, file);
      expect([status, body]).toEqual([401, { error: { message: expect.stringContaining('Invalid Signature') } }]);
    }
  });

  test('escape the ampersand, so that one value cannot pose as two', () => {
    const smuggled = new Map([['public_id', 'a&tags=b']]);
    expect(stringToSign(smuggled)).toBe('public_id=a%26tags=b');
    const unsigned = Object.entries({
      file: 'f',
      api_key: 'k',
      resource_type: 'image',
      cloud_name: 'c',
      empty: '',
      b: '2',
      a: '1',
    });
    expect(stringToSign(new Map(unsigned))).toBe('a=1&b=2');
  });

  test('last an hour', async () => {
    const { api } = await start();
    const file = await picture(4, 4);
    const old = await send(`${api}/image/upload`, signed({}, { at: Date.now() - 3_700_000 }), file);
    expect([old.status, old.body]).toEqual([
      400,
      { error: { message: expect.stringMatching(/^Stale request - reported time is [\d-]+ [\d:]+ \+0000 which is/) } },
    ]);
    expect((await send(`${api}/image/upload`, signed({}, { at: Date.now() - 3_500_000 }), file)).status).toBe(200);
  });

  test('are required', async () => {
    const { api } = await start();
    const { timestamp = '', signature = '', api_key = '' } = signed({});
    const cases: [Fields, string][] = [
      [{}, 'Upload preset must be specified when using unsigned upload'],
      [{ api_key, timestamp }, 'Missing required parameter - signature'],
      [{ api_key, signature }, 'Missing required parameter - timestamp'],
    ];
    for (const [fields, message] of cases) {
      expect(await send(`${api}/image/upload`, fields, 'x')).toEqual({ status: 400, body: { error: { message } } });
    }
  });
});

describe('sources', () => {
  test('urlencoded data URIs and loopback URLs, over redirects', async () => {
    const { api, origin } = await start();
    const data = `data:image/jpeg;base64,${Buffer.from(await picture(20, 10, 'jpeg')).toString('base64')}`;
    const body = new URLSearchParams({ ...signed({ public_id: 'first' }), file: data });
    const first = (await (await fetch(`${api}/image/upload`, { method: 'POST', body })).json()) as {
      secure_url: string;
    };
    expect(first).toMatchObject({ format: 'jpg', width: 20 });
    const app = new Hono();
    app.get('/in', (c) => c.redirect(first.secure_url));
    app.get('/out', (c) => c.redirect('http://10.0.0.1/'));
    app.get('/broken', (c) => c.text('', 503));
    const other = await listen({ name: 'other', app });
    cleanup(other.close);
    expect((await send(`${api}/auto/upload`, signed({}), `${other.origin}/in`)).body).toMatchObject({
      width: 20,
      resource_type: 'image',
    });
    const refused: [string, number, string][] = [
      [`${other.origin}/out`, 400, 'Unsupported source URL'],
      ['https://example.com/a.png', 400, 'Unsupported source URL'],
      ['ftp://127.0.0.1/a.png', 400, 'Unsupported source URL'],
      [`${other.origin}/broken`, 400, '503 Service Unavailable'],
      [`${origin}/none`, 404, 'Resource not found - '],
      ['http://127.0.0.1:9/', 400, 'Connection failed'],
      ['', 400, 'Missing required parameter - file'],
    ];
    for (const [file, status, message] of refused) {
      const answer = await send(`${api}/image/upload`, signed({}), file);
      expect([answer.status, answer.body], file).toEqual([
        status,
        { error: { message: expect.stringContaining(message) } },
      ]);
    }
  });

  test('content is what decides', async () => {
    const { api } = await start({ maxBytes: 20_000 });
    const png = await picture(64, 64);
    const noise = new Uint8Array(100).fill(1);
    const message = async (type: string, bytes: Uint8Array<ArrayBuffer>) => {
      const { status, body } = await send(`${api}/${type}/upload`, signed({}), bytes);
      return status === 200 ? (body.resource_type as string) : (body.error as { message: string }).message;
    };
    expect(await message('image', png.slice(0, 60))).toBe('Invalid image file');
    expect(await message('image', wav())).toBe('Invalid image file');
    expect(await message('video', png)).toBe('Unsupported video format or file');
    expect(await message('video', wav())).toBe('video');
    expect(await message('raw', noise)).toBe('raw');
    expect(await message('auto', noise)).toBe('raw');
    expect(await message('auto', png)).toBe('image');
    expect(await message('image', new Uint8Array())).toBe('Empty file');
    expect(await message('raw', new Uint8Array(20_001))).toBe('File size too large. Got 20001. Maximum is 20000.');
    expect(await message('sound', png)).toContain('resource_type');
    const { body } = await send(`${api}/image/upload`, signed({ allowed_formats: 'jpg' }), png);
    expect(body).toEqual({ error: { message: 'Image file format png not allowed' } });
    expect((await send(`${api}/image/upload`, signed({ public_id: 'a?b' }), png)).status).toBe(400);
  });
});

describe('media', () => {
  test.each([
    ['sample.png', 'image', { format: 'png', width: 640, height: 480 }],
    ['sample.mp4', 'video', { format: 'mp4', duration: 3, is_audio: false, frame_rate: 10 }],
    ['sample.mp3', 'video', { format: 'mp3', duration: expect.closeTo(3, 0), is_audio: true }],
  ])('%s is there to use', async (name, type, expected) => {
    const { api, origin } = await start();
    const { status, body } = await send(`${api}/auto/upload`, signed({}), `${origin}/${name}`);
    expect([status, body]).toEqual([200, expect.objectContaining({ ...expected, resource_type: type })]);
  });
});

describe('deterministic ids', () => {
  test('of many uploads at once one wins, the rest get its asset', async () => {
    const { api, origin } = await start();
    const fields = signed({ public_id: 'user_1/job_1/final/att_1-0', overwrite: 'false' });
    const files = await Promise.all([4, 5, 6, 7, 8].map((side) => picture(side, side)));
    const answers = await Promise.all(files.map((file) => send(`${api}/image/upload`, fields, file)));
    expect(answers.filter(({ body }) => body.existing === undefined)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => `${body.asset_id} ${body.version} ${body.width}`)).size).toBe(1);
    expect(await assets(origin)).toHaveLength(1);
  });

  test('assets outlive the process', async () => {
    const directory = temporaryFolder();
    const first = await start({ directory });
    const fields = signed({ public_id: 'kept', overwrite: '0' });
    const { body } = await send(`${first.api}/image/upload`, fields, await picture(9, 9));
    await first.close();
    const second = await start({ directory });
    const again = await send(`${second.api}/image/upload`, fields, 'http://127.0.0.1:9/');
    expect(again.body).toMatchObject({ existing: true, asset_id: body.asset_id, bytes: body.bytes });
    const url = (again.body.secure_url as string).replace(first.origin, second.origin);
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(body.bytes);
  });
});

describe('faults', () => {
  test.each(['420', '423', '429', '500', '503'])('%s', async (fault) => {
    const { api, origin } = await start();
    await control(origin, { fault, times: 1, match: { public_id: 'x' } });
    const file = await picture(4, 4);
    expect((await send(`${api}/image/upload`, signed({ public_id: 'y' }), file)).status).toBe(200);
    const { status, body } = await send(`${api}/image/upload`, signed({ public_id: 'x' }), file);
    expect([status, body]).toEqual([Number(fault), { error: { message: expect.any(String) } }]);
    expect((await send(`${api}/image/upload`, signed({ public_id: 'x' }), file)).status).toBe(200);
  });

  test('drop stores nothing, stored-then-drop does, timeout never answers', async () => {
    const { api, origin } = await start();
    const file = await picture(4, 4);
    const fields = signed({ public_id: 'x', overwrite: 'false' });
    await control(origin, { fault: 'drop', times: 1 });
    await expect(send(`${api}/image/upload`, fields, file)).rejects.toThrow('fetch failed');
    expect(await assets(origin)).toHaveLength(0);
    await control(origin, { fault: 'timeout', times: 1 });
    const signal = AbortSignal.timeout(100);
    const hanging = fetch(`${api}/image/upload`, { method: 'POST', body: new URLSearchParams(fields), signal });
    await expect(hanging).rejects.toThrow('timeout');
    await control(origin, { fault: 'stored-then-drop', times: 1 });
    await expect(send(`${api}/image/upload`, fields, file)).rejects.toThrow('fetch failed');
    expect(await assets(origin)).toHaveLength(1);
    expect((await send(`${api}/image/upload`, fields, file)).body).toMatchObject({ existing: true });
  });
});
