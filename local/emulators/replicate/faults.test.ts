import { fileTypeFromBuffer } from 'file-type';
import { validateWebhook } from 'replicate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { pause, type Receiver, startReceiver, until } from '../support/testing.ts';
import { createReplicate } from './replicate.ts';
import { webhookSecretOf } from './webhooks.ts';

const token = 'r8_test000000000000000000000000000000000';
const DEV = 'black-forest-labs/flux-dev';
let server: Listening;
let receiver: Receiver & { close: () => Promise<void> };
let clock = 0;

beforeAll(async () => {
  const database = openDatabase(':memory:');
  const now = () => Date.now() + clock;
  server = await listen(createReplicate({ database, now, delayMs: 60, retryDelaysMs: [20, 20] }));
  receiver = await startReceiver();
});
beforeEach(() => void receiver.received.splice(0));
afterAll(async () => {
  await server.close();
  await receiver.close();
});

type Answer = { status: number; headers: Headers; body: Record<string, unknown> & { id: string } };

async function call(path: string, init: RequestInit = {}, key = token): Promise<Answer> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers };
  const answer = await fetch(server.origin + path, { ...init, headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : { text } };
}
const create = (input: unknown, more: object = {}, headers = {}, model = DEV) =>
  call(`/v1/models/${model}/predictions`, { method: 'POST', body: JSON.stringify({ input, ...more }), headers });
const run = (prompt: string, more: object = {}) => create({ prompt }, more, { prefer: 'wait' });
const hooked = (prompt: string) => create({ prompt }, { webhook: receiver.url, webhook_events_filter: ['completed'] });
const fault = (body: object) => fetch(`${server.origin}/__control`, { method: 'POST', body: JSON.stringify(body) });
const submissions = async (prompt: string) => {
  const { body } = await call(`/__requests?prompt=${encodeURIComponent(prompt)}`);
  return body.data as { id: string; status: string; key_last4: string; webhook: string | null }[];
};

describe('refusals in the words of the vendor', () => {
  test.each(['', 'Bearer', 'Bearer sk-1', 'Token r8_abc', 'Bearer r8_', 'Bearer r8_a b'])(
    '401 for «%s»',
    async (value) => {
      const answer = await fetch(`${server.origin}/v1/account`, { headers: { authorization: value } });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual({
        title: 'Unauthenticated',
        detail: 'You did not pass a valid authentication token',
        status: 401,
      });
    },
  );

  test('404 for models, predictions and paths that are not there, and for those of others', async () => {
    const unknown = await create({ prompt: 'x' }, {}, {}, 'nobody/nothing');
    expect(unknown).toMatchObject({ status: 404, body: { detail: 'The requested resource could not be found.' } });
    expect((await create({ image: 'https://example.com/a.png' }, {}, {}, 'nightmareai/real-esrgan')).status).toBe(404);
    const { body } = await create({ prompt: 'mine' });
    for (const path of ['/v1/predictions/nope', '/v1/models/a/b', '/v1/nope'])
      expect((await call(path)).status).toBe(404);
    expect((await call(`/v1/predictions/${body.id}`, {}, 'r8_other')).status).toBe(404);
    expect((await call(`/predictions/${body.id}`)).status).toBe(200);
  });

  test('422 lists what is missing, wrong or unknown', async () => {
    const missing = await create({});
    expect(missing).toMatchObject({
      status: 422,
      body: { title: 'Input validation failed', detail: '- input: prompt is required\n' },
    });
    expect(missing.body.invalid_fields).toEqual([
      { type: 'required', field: 'input', description: 'prompt is required' },
    ]);
    const wrong = await create({
      prompt: 'x',
      num_outputs: 9,
      megapixels: '7',
      seed: 'a',
      image: 'cat',
      image_url: 'y',
    });
    expect(String(wrong.body.detail).split('\n')).toEqual([
      '- input.num_outputs: Must be less than or equal to 4',
      '- input.megapixels: input.megapixels must be one of the following: "1", "0.25"',
      '- input.seed: Invalid type. Expected: integer, given: string',
      "- input.image: Does not match format 'uri'",
      '- input: Additional property image_url is not allowed',
      '',
    ]);
    expect((await call(`/v1/models/${DEV}/predictions`, { method: 'POST', body: '{}' })).body.detail).toContain(
      'input is required',
    );
    expect((await create({ prompt: 'x' }, { webhook: 'ftp://x' })).status).toBe(422);
    expect((await create({ prompt: 'x' }, { webhook_events_filter: ['never'] })).status).toBe(422);
    expect((await call(`/v1/models/${DEV}/predictions`, { method: 'POST', body: '{' })).status).toBe(400);
    const version = await call('/v1/predictions', {
      method: 'POST',
      body: JSON.stringify({ version: 'abc', input: {} }),
    });
    expect(version).toMatchObject({ status: 422, body: { title: 'Invalid version or not permitted' } });
  });

  test('words and faults refuse without accepting', async () => {
    expect(await run('a #reject')).toMatchObject({ status: 422, body: { title: 'Input validation failed' } });
    expect(await run('a #500')).toMatchObject({ status: 500, body: { status: 500, detail: 'Internal server error' } });
    const throttled = await run('a #429');
    expect(throttled.body.detail).toBe('Request was throttled. Your rate limit resets in ~1s.');
    expect(throttled.headers.get('retry-after')).toBe('1');
    expect(await submissions('a #')).toEqual([]);
  });
});

describe('faults from outside', () => {
  test.each([
    ['402', 402, { title: 'Insufficient credit' }],
    ['401', 401, { title: 'Unauthenticated' }],
    ['503', 503, { status: 503 }],
    ['502', 502, { text: expect.stringContaining('<h1>502</h1>') }],
    ['429-bare', 429, { status: 429 }],
  ])('%s', async (name, status, body) => {
    await fault({ match: { prompt: 'faulty' }, fault: name, times: 1 });
    const answer = await run('faulty');
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers.has('retry-after')).toBe(false);
    expect((await run('faulty')).status).toBe(201);
  });

  test('a fault on a key shows at the account too, one on a model does not', async () => {
    await fault({ match: { provider_model: DEV }, fault: '500' });
    expect((await call('/v1/account')).status).toBe(200);
    await fault({ match: { key: token.slice(-4) }, fault: '401' });
    expect((await call('/v1/account')).status).toBe(401);
    expect((await call('/v1/account', {}, 'r8_other')).status).toBe(200);
    await fault({ fault: null });
  });

  test('moderation fails the prediction, in the words of the model', async () => {
    await fault({ match: { prompt: 'naughty' }, fault: 'moderation' });
    expect((await run('naughty')).body).toMatchObject({ status: 'failed', error: expect.stringContaining('NSFW') });
    const pro = await create({ prompt: 'naughty' }, {}, { prefer: 'wait' }, 'google/imagen-4');
    expect(pro.body.error).toContain('flagged as sensitive');
    await fault({ fault: null });
  });

  test('drop and timeout accept nothing', async () => {
    await fault({ match: { prompt: 'cut' }, fault: 'drop' });
    await expect(run('cut off')).rejects.toThrow('fetch failed');
    await fault({ match: { prompt: 'cut' }, fault: 'timeout' });
    const waiting = fetch(`${server.origin}/v1/models/${DEV}/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ input: { prompt: 'cut off' } }),
      signal: AbortSignal.timeout(80),
    });
    await expect(waiting).rejects.toThrow('timeout');
    expect(await submissions('cut off')).toEqual([]);
    await fault({ fault: null });
  });
});

describe('words in the prompt', () => {
  test('#fail, #slow and Prefer: wait=n', async () => {
    expect((await run('a #fail')).body).toMatchObject({ status: 'failed', output: null, error: expect.any(String) });
    const slow = await create({ prompt: 'b #slow=1.2' }, {}, { prefer: 'wait=1' });
    expect(slow).toMatchObject({ status: 202, body: { status: 'processing' } });
    await until(async () => (await call(`/v1/predictions/${slow.body.id}`)).body.status === 'succeeded');
  });

  test('#lost cuts the connection after accepting, works and calls', async () => {
    await expect(hooked('a #lost')).rejects.toThrow('fetch failed');
    await until(() => receiver.received.length === 1);
    const [row] = await submissions('a #lost');
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ id: row?.id, status: 'succeeded' });
    expect(row).toMatchObject({ status: 'succeeded', key_last4: '0000', webhook: receiver.url });
  });

  test('#lost-silent and #hang never end and never call', async () => {
    await expect(hooked('a #lost-silent')).rejects.toThrow('fetch failed');
    await hooked('a #hang');
    await pause(150);
    expect(receiver.received).toEqual([]);
    expect((await submissions('a #lost-silent')).map(({ status }) => status)).toEqual(['processing']);
    expect((await submissions('a #hang')).map(({ status }) => status)).toEqual(['processing']);
  });

  test('#dup=20 sends the same message twenty times', async () => {
    await hooked('a #dup=20');
    await until(() => receiver.received.length === 20);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('#badsig signs wrongly, #nohook does not call; polling tells the truth', async () => {
    const { body } = await hooked('a #badsig');
    await until(() => receiver.received.length === 1);
    const [{ headers, body: sent } = { headers: {} as Record<string, string>, body: '' }] = receiver.received;
    const parts = {
      id: headers['webhook-id'] ?? '',
      timestamp: headers['webhook-timestamp'] ?? '',
      signature: headers['webhook-signature'] ?? '',
    };
    expect(await validateWebhook({ ...parts, body: sent, secret: webhookSecretOf(token) })).toBe(false);
    expect((await call(`/v1/predictions/${body.id}`)).body.status).toBe('succeeded');
    const silent = await hooked('a #nohook');
    await until(async () => (await call(`/v1/predictions/${silent.body.id}`)).body.status === 'succeeded');
    await pause(50);
    expect(receiver.received).toHaveLength(1);
  });

  test('#badmedia is not what it claims', async () => {
    const [url] = (await run('a #badmedia')).body.output as string[];
    const answer = await fetch(url ?? '');
    expect(answer.headers.get('content-type')).toBe('image/webp');
    expect(await fileTypeFromBuffer(await answer.arrayBuffer())).toBeUndefined();
  });

  test('#final-fail fails full quality only', async () => {
    const quality = (megapixels: string) => create({ prompt: 'a #final-fail', megapixels }, {}, { prefer: 'wait' });
    expect((await quality('0.25')).body.status).toBe('succeeded');
    expect((await quality('1')).body.status).toBe('failed');
  });
});

describe('time', () => {
  test('a final webhook is tried again, signed anew under the same id', async () => {
    receiver.answer(500, 2);
    await hooked('again');
    await until(() => receiver.received.length === 3);
    await pause(60);
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('Cancel-After ends what takes longer', async () => {
    expect((await create({ prompt: 'x' }, {}, { 'cancel-after': 'soon' })).status).toBe(422);
    const { body } = await create({ prompt: 'late #hang' }, {}, { 'cancel-after': '5s' });
    expect(body.status).toBe('starting');
    clock = 5000;
    await until(async () => (await call(`/v1/predictions/${body.id}`)).body.status === 'canceled');
    clock = 0;
  });

  test('outputs and inputs vanish after an hour', async () => {
    const { body } = await run('fleeting');
    const [url = ''] = body.output as string[];
    expect((await fetch(url)).status).toBe(200);
    clock = 61 * 60 * 1000;
    expect((await call(`/v1/predictions/${body.id}`)).body).toMatchObject({
      output: null,
      input: {},
      data_removed: true,
    });
    expect((await fetch(url)).status).toBe(404);
    clock = 0;
  });
});
