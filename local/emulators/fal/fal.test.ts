import { createFalClient, type FalClient } from '@fal-ai/client';
import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { type Receiver, startReceiver, until } from '../support/testing.ts';
import { createFal } from './fal.ts';
import { verifyWebhook } from './testing.ts';

const credentials = '5a1e0000-0000-4000-8000-000000000001:0123456789abcdef';
const PRO = 'fal-ai/flux-2-pro';
let server: Listening;
let receiver: Receiver & { close: () => Promise<void> };
let fal: FalClient;

/** The SDK knows its hosts by heart: the paths stay, the origin becomes the emulator's. */
const rewrite: typeof fetch = (input, init) => {
  const { pathname, search } = new URL(String(input));
  return fetch(server.origin + pathname + search, init);
};

beforeAll(async () => {
  server = await listen(createFal({ database: openDatabase(':memory:'), delayMs: 60, retryDelaysMs: [20, 20, 20] }));
  receiver = await startReceiver();
  fal = createFalClient({ credentials, fetch: rewrite });
});
beforeEach(() => void receiver.received.splice(0));
afterAll(async () => {
  await server.close();
  await receiver.close();
});

describe('the official SDK, unmodified but for its origin', () => {
  test('submit, status and result', async () => {
    const input = { prompt: 'a red fox', image_size: 'landscape_16_9' as const };
    const queued = await fal.queue.submit(PRO, { input });
    expect(queued).toMatchObject({ status: 'IN_QUEUE', queue_position: 0 });
    const base = `${server.origin}/fal-ai/flux-2-pro/requests/${queued.request_id}`;
    expect(queued).toMatchObject({ response_url: base, status_url: `${base}/status`, cancel_url: `${base}/cancel` });

    const seen = new Set<string>([queued.status]);
    const requestId = queued.request_id;
    await until(async () => {
      const { status } = await fal.queue.status(PRO, { requestId, logs: true });
      seen.add(status);
      return status === 'COMPLETED';
    });
    expect([...seen]).toEqual(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']);
    const { data } = await fal.queue.result(PRO, { requestId });
    const [image] = data.images;
    expect(image).toMatchObject({ width: 1024, height: 576, content_type: 'image/jpeg' });
    const picture = await sharp(await (await fetch(image?.url ?? '')).arrayBuffer()).metadata();
    expect(picture).toMatchObject({ format: 'jpeg', width: 1024, height: 576 });
  });

  test('subscribe follows a video through the first two segments of its endpoint', async () => {
    const updates: string[] = [];
    const endpoint = 'fal-ai/kling-video/v2.5-turbo/pro/image-to-video';
    const { data, requestId } = await fal.subscribe(endpoint, {
      input: { prompt: 'a wave', image_url: 'https://example.com/a.png', duration: '10' },
      pollInterval: 10,
      onQueueUpdate: ({ status }) => updates.push(status),
    });
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(updates.at(-1)).toBe('COMPLETED');
    const bytes = Buffer.from(await (await fetch(data.video.url)).arrayBuffer());
    expect((await fileTypeFromBuffer(bytes))?.mime).toBe('video/mp4');
    expect(data.video).toMatchObject({ content_type: 'video/mp4', file_size: bytes.length });
    expect(bytes.readUInt32BE(bytes.indexOf('mvhd') + 20)).toBe(10_000);
  });

  test('sync_mode gives data URIs', async () => {
    const input = { prompt: 'inline', sync_mode: true, num_images: 2, output_format: 'png' as const };
    const { data } = await fal.subscribe('fal-ai/nano-banana-pro', { input, pollInterval: 10 });
    const types = data.images.map(async ({ url }) => {
      expect(url).toMatch(/^data:image\/png;base64,/);
      return (await fileTypeFromBuffer(Buffer.from(url.split(',')[1] ?? '', 'base64')))?.mime;
    });
    expect(await Promise.all(types)).toEqual(['image/png', 'image/png']);
  });

  test('errors arrive as the SDK types them', async () => {
    const missing = fal.subscribe(PRO, { input: { prompt: undefined as unknown as string } });
    await expect(missing).rejects.toMatchObject({ name: 'ValidationError', status: 422 });
    const moderated = fal.subscribe(PRO, { input: { prompt: 'x #nsfw' }, pollInterval: 10 });
    await expect(moderated).rejects.toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'prompt'], type: 'content_policy_violation' }] },
    });
    const { request_id: requestId } = await fal.queue.submit(PRO, { input: { prompt: 'x #slow=2' } });
    await expect(fal.queue.result(PRO, { requestId })).rejects.toMatchObject({
      status: 400,
      body: { detail: 'Request is still in progress' },
    });
  });

  test('a request can be canceled once', async () => {
    const { request_id: requestId } = await fal.queue.submit(PRO, { input: { prompt: 'x #hang' } });
    await until(async () => (await fal.queue.status(PRO, { requestId })).status === 'IN_PROGRESS');
    await fal.queue.cancel(PRO, { requestId });
    expect((await fal.queue.status(PRO, { requestId })).status).toBe('COMPLETED');
    await expect(fal.queue.result(PRO, { requestId })).rejects.toMatchObject({
      status: 499,
      body: { error_type: 'client_cancelled' },
    });
    await expect(fal.queue.cancel(PRO, { requestId })).rejects.toMatchObject({ body: { status: 'ALREADY_COMPLETED' } });
  });

  test('files go up through its storage', async () => {
    const url = await fal.storage.upload(new File(['hello'], 'a b.txt', { type: 'text/plain' }));
    const answer = await fetch(url);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/plain', 'hello']);
  });

  test('webhooks carry the result, signed with the key of the key set', async () => {
    const { request_id } = await fal.queue.submit(PRO, {
      input: { prompt: 'a hook' },
      webhookUrl: `${receiver.url}?a=1`,
    });
    const hook = await until(() => receiver.received[0]);
    expect(JSON.parse(hook.body)).toMatchObject({
      request_id,
      gateway_request_id: request_id,
      status: 'OK',
      error: null,
      payload: { images: [{ content_type: 'image/jpeg' }], seed: 42 },
    });
    expect(hook.headers['x-fal-webhook-request-id']).toBe(request_id);
    expect(await verifyWebhook(server.origin, hook)).toBe(true);
    expect(await verifyWebhook(server.origin, { ...hook, body: `${hook.body} ` })).toBe(false);

    await fal.queue.submit(PRO, { input: { prompt: 'b #fail' }, webhookUrl: receiver.url });
    const failure = await until(() => receiver.received[1]);
    expect(JSON.parse(failure.body)).toMatchObject({
      status: 'ERROR',
      error: 'Unexpected status code: 500',
      payload: { detail: [{ type: 'internal_server_error' }] },
    });
    expect(failure.headers['x-fal-webhook-user-id']).toBe(hook.headers['x-fal-webhook-user-id']);
  });
});
