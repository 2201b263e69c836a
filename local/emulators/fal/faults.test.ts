import { fileTypeFromBuffer } from 'file-type';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { pause, type Receiver, startReceiver, until } from '../support/testing.ts';
import { createFal } from './fal.ts';
import { verifyWebhook } from './testing.ts';

const key = 'key-id:key-secret';
const PRO = 'fal-ai/flux-2-pro';
const SEEDANCE = 'fal-ai/bytedance/seedance/v1/lite/text-to-video';
let server: Listening;
let receiver: Receiver & { close: () => Promise<void> };

beforeAll(async () => {
  server = await listen(createFal({ database: openDatabase(':memory:'), delayMs: 60, retryDelaysMs: [20, 20] }));
  receiver = await startReceiver();
});
beforeEach(() => void receiver.received.splice(0));
afterAll(async () => {
  await server.close();
  await receiver.close();
});

// biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes, compared with toMatchObject
type Answer = { status: number; headers: Headers; body: any };

async function call(path: string, init: RequestInit = {}, authorization = `Key ${key}`): Promise<Answer> {
  const headers = { authorization, 'content-type': 'application/json', ...init.headers };
  const answer = await fetch(server.origin + path, { ...init, headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : { text } };
}
const submit = (input: unknown, endpoint = PRO, query = '') =>
  call(`/${endpoint}${query}`, { method: 'POST', body: JSON.stringify(input), headers: { 'x-fal-no-retry': '1' } });
const hooked = (prompt: string) => submit({ prompt }, PRO, `?fal_webhook=${encodeURIComponent(receiver.url)}`);
const path = (url: string) => new URL(url).pathname;
const finished = async ({ body }: Answer) => {
  await until(async () => (await call(path(body.status_url))).body.status === 'COMPLETED');
  return call(path(body.response_url));
};
const fault = (body: object) => fetch(`${server.origin}/__control`, { method: 'POST', body: JSON.stringify(body) });
const submissions = async (prompt: string) => {
  const answer = await call(`/__requests?prompt=${encodeURIComponent(prompt)}`);
  return answer.body.data as { id: string; status: string }[];
};

describe('refusals in the words of the vendor', () => {
  test('401 says what is wrong with the key', async () => {
    const missing = await fetch(`${server.origin}/${PRO}`, { method: 'POST', body: '{}' });
    expect(missing.status).toBe(401);
    expect(await missing.text()).toContain('Authentication is required to access this application');
    for (const value of ['Key abc', 'Bearer key-id:key-secret', 'Key a:b:c', 'Key :b', 'key-id:key-secret']) {
      const { status, body } = await call(`/${PRO}`, { method: 'POST', body: '{}' }, value);
      expect([status, body.detail]).toEqual([
        401,
        "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.",
      ]);
    }
  });

  test('404 for what is not there, 405 for a status under the whole endpoint id', async () => {
    expect((await submit({ prompt: 'x' }, 'fal-ai/nothing')).status).toBe(404);
    const { body } = await submit({ prompt: 'x' }, SEEDANCE);
    const id = body.request_id;
    expect((await call(`/fal-ai/bytedance/requests/${id}/status`)).status).toBe(202);
    expect((await call(`/fal-ai/other/requests/${id}/status`)).status).toBe(404);
    expect((await call(`/fal-ai/bytedance/requests/nope`)).status).toBe(404);
    expect((await call(`/fal-ai/bytedance/requests/${id}`, {}, 'Key other:one')).status).toBe(404);
    expect((await call(`/${SEEDANCE}/requests/${id}/status`)).status).toBe(405);
    expect((await call('/fal-ai/bytedance/requests/nope/cancel', { method: 'PUT' })).body).toEqual({
      status: 'NOT_FOUND',
    });
  });

  test('422 lists what is missing, wrong or unknown', async () => {
    const missing = await submit({}, 'fal-ai/kling-video/v2.5-turbo/pro/image-to-video');
    expect(missing.status).toBe(422);
    expect(missing.body.detail).toEqual(
      ['prompt', 'image_url'].map((name) => ({
        loc: ['body', name],
        msg: 'Field required',
        type: 'missing',
        input: {},
      })),
    );
    const wrong = await submit(
      { prompt: 'x', duration: 5, resolution: '4k', seed: 'a', num_frames: 1, size: 1 },
      SEEDANCE,
    );
    expect(
      wrong.body.detail.map(({ loc, type }: { loc: string[]; type: string }) => `${loc.join('.')}: ${type}`),
    ).toEqual([
      'body.duration: string_type',
      'body.resolution: literal_error',
      'body.seed: integer_type',
      'body.num_frames: greater_than_equal',
      'body.size: extra_forbidden',
    ]);
    expect((await call(`/${PRO}`, { method: 'POST', body: '{' })).status).toBe(400);
    expect((await submit({ prompt: 'x' }, PRO, '?fal_webhook=nonsense')).status).toBe(400);
  });

  test('words refuse without accepting', async () => {
    expect(await submit({ prompt: 'a #reject' })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'prompt'] }] },
    });
    const broken = await submit({ prompt: 'a #500' });
    expect(broken).toMatchObject({ status: 500, body: { error_type: 'internal_error' } });
    expect(broken.headers.get('x-fal-error-type')).toBe('internal_error');
    const limited = await submit({ prompt: 'a #429' });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await submissions('a #')).toEqual([]);
  });
});

describe('faults from outside', () => {
  test.each([
    ['402', 403, { detail: expect.stringContaining('Exhausted balance') }],
    ['401', 401, { detail: 'No user found for Key ID and Secret' }],
    ['503', 503, { error_type: 'runner_scheduling_failure' }],
    ['504', 504, { text: expect.stringContaining('504') }],
    ['429-bare', 429, {}],
  ])('%s', async (name, status, body) => {
    await fault({ match: { provider_model: PRO, prompt: 'faulty' }, fault: name, times: 1 });
    const answer = await submit({ prompt: 'faulty' });
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers.has('retry-after')).toBe(false);
    expect((await submit({ prompt: 'faulty' })).status).toBe(200);
  });

  test('a fault on a key shows when a request nobody has is looked up', async () => {
    const { body } = await submit({ prompt: 'mine' });
    await fault({ match: { key: 'key-secret' }, fault: '401' });
    expect((await call('/fal-ai/flux-2-pro/requests/none/status')).status).toBe(401);
    expect((await call(path(body.status_url))).status).toBe(202);
    await fault({ fault: null });
    expect((await call('/fal-ai/flux-2-pro/requests/none/status')).status).toBe(404);
  });

  test('late-reject is accepted and then 422, as the vendor validates', async () => {
    await fault({ match: { prompt: 'belated' }, fault: 'late-reject', times: 1 });
    expect(await finished(await submit({ prompt: 'belated' }))).toMatchObject({ status: 422, body: { detail: [{}] } });
  });

  test('drop and timeout accept nothing', async () => {
    await fault({ match: { prompt: 'cut' }, fault: 'drop', times: 1 });
    await expect(submit({ prompt: 'cut off' })).rejects.toThrow('fetch failed');
    await fault({ match: { prompt: 'cut' }, fault: 'timeout', times: 1 });
    const body = JSON.stringify({ prompt: 'cut off' });
    await expect(call(`/${PRO}`, { method: 'POST', body, signal: AbortSignal.timeout(80) })).rejects.toThrow('timeout');
    expect(await submissions('cut off')).toEqual([]);
  });
});

describe('words in the prompt', () => {
  test('#fail and #nsfw end as the vendor words it', async () => {
    expect(await finished(await submit({ prompt: 'a #fail' }))).toMatchObject({ status: 500, body: { detail: [{}] } });
    const { status, body } = await finished(await submit({ prompt: 'a #nsfw' }));
    expect([status, body.detail[0].type]).toEqual([422, 'content_policy_violation']);
  });

  test('#lost cuts the connection after accepting, works and calls', async () => {
    await expect(hooked('a #lost')).rejects.toThrow('fetch failed');
    const hook = await until(() => receiver.received[0]);
    const [row] = await submissions('a #lost');
    expect(JSON.parse(hook.body)).toMatchObject({ request_id: row?.id, status: 'OK' });
  });

  test('#lost-silent, #hang and #nohook do not call', async () => {
    await expect(hooked('a #lost-silent')).rejects.toThrow('fetch failed');
    await hooked('a #hang');
    await finished(await hooked('a #nohook'));
    await pause(100);
    expect(receiver.received).toEqual([]);
    expect((await submissions('a #lost-silent'))[0]?.status).toBe('IN_PROGRESS');
    expect((await submissions('a #hang'))[0]?.status).toBe('IN_PROGRESS');
  });

  test('#dup=20 and #badsig', async () => {
    await hooked('a #dup=20');
    await until(() => receiver.received.length === 20);
    expect(new Set(receiver.received.map(({ headers }) => headers['x-fal-webhook-request-id'])).size).toBe(1);
    receiver.received.splice(0);
    const accepted = await hooked('a #badsig');
    const hook = await until(() => receiver.received[0]);
    expect(await verifyWebhook(server.origin, hook)).toBe(false);
    expect((await finished(accepted)).status).toBe(200);
  });

  test('#badmedia is not what it claims, by URL and inline', async () => {
    const { body } = await finished(await submit({ prompt: 'a #badmedia' }));
    const answer = await fetch(body.images[0].url);
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(await fileTypeFromBuffer(await answer.arrayBuffer())).toBeUndefined();
    const inline = await finished(await submit({ prompt: 'a #badmedia', sync_mode: true }));
    expect(await fileTypeFromBuffer(Buffer.from(inline.body.images[0].url.split(',')[1], 'base64'))).toBeUndefined();
  });

  test('#final-fail fails full quality only', async () => {
    const quality = async (resolution: string) =>
      (await finished(await submit({ prompt: 'a #final-fail', resolution }, SEEDANCE))).status;
    expect([await quality('480p'), await quality('720p')]).toEqual([200, 500]);
  });

  test('a webhook is tried again until a 2xx, then given up', async () => {
    receiver.answer(500, 2);
    await hooked('again');
    await until(() => receiver.received.length === 3);
    receiver.answer(302, 9);
    await hooked('and again');
    await until(async () => (await call('/__control')).body.counters.webhooks.given_up === 1);
    receiver.answer(200, 0);
    expect(receiver.received).toHaveLength(6);
  });
});
