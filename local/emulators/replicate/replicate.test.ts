import { fileTypeFromBuffer } from 'file-type';
import Replicate, { validateWebhook } from 'replicate';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { type Receiver, startReceiver, until } from '../support/testing.ts';
import { createReplicate } from './replicate.ts';

const auth = 'r8_test000000000000000000000000000000000';
const DEV = 'black-forest-labs/flux-dev';
let server: Listening;
let receiver: Receiver & { close: () => Promise<void> };
let replicate: Replicate;

beforeAll(async () => {
  server = await listen(
    createReplicate({ database: openDatabase(':memory:'), delayMs: 60, retryDelaysMs: [20, 20, 20] }),
  );
  receiver = await startReceiver();
  replicate = new Replicate({ auth, baseUrl: `${server.origin}/v1` });
});
beforeEach(() => void receiver.received.splice(0));
afterAll(async () => {
  await server.close();
  await receiver.close();
});

describe('the official SDK, unmodified but for its base URL', () => {
  test('run waits and gives the output URL of an official model', async () => {
    const output = await replicate.run('google/imagen-4', { input: { prompt: 'a red fox', aspect_ratio: '16:9' } });
    expect(output).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/files\/.+\.jpg$/);
    const picture = await sharp(await (await fetch(String(output))).arrayBuffer()).metadata();
    expect(picture).toMatchObject({ format: 'jpeg', width: 1360, height: 768 });
  });

  test('run polls too, and runs community models by version', async () => {
    const progress: string[] = [];
    const version = 'f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa' as const;
    const output = await replicate.run(
      `nightmareai/real-esrgan:${version}`,
      { input: { image: `${server.origin}/sample.png`, scale: 2 }, wait: { mode: 'poll', interval: 15 } },
      ({ status }) => progress.push(status),
    );
    expect(output).toMatch(/\/output\.png$/);
    expect([...new Set(progress)]).toEqual(['starting', 'processing', 'succeeded']);
  });

  test('predictions are created, polled, listed and canceled', async () => {
    const created = await replicate.predictions.create({ model: DEV, input: { prompt: 'two cats', num_outputs: 2 } });
    expect(created).toMatchObject({ status: 'starting', output: null, error: null, model: DEV, version: 'hidden' });
    const done = await replicate.wait(created, { interval: 20 });
    expect(done.status).toBe('succeeded');
    expect(done.output).toHaveLength(2);
    expect((await fileTypeFromBuffer(await (await fetch(done.output[0])).arrayBuffer()))?.mime).toBe('image/webp');
    const { results } = await replicate.predictions.list();
    expect(results.map(({ id }) => id)).toContain(created.id);

    const hanging = await replicate.predictions.create({ model: DEV, input: { prompt: 'never #hang' } });
    await until(async () => (await replicate.predictions.get(hanging.id)).status === 'processing');
    expect(await replicate.predictions.cancel(hanging.id)).toMatchObject({ status: 'canceled', output: null });
    expect((await replicate.predictions.cancel(created.id)).status).toBe('succeeded');
  });

  test('a video is a playable MP4', async () => {
    const input = { prompt: 'a wave', first_frame_image: 'data:image/png;base64,AAAA' };
    const output = await replicate.run('minimax/video-01', { input });
    const answer = await fetch(String(output));
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect((await fileTypeFromBuffer(await answer.arrayBuffer()))?.mime).toBe('video/mp4');
  });

  test('account, model, files and a failed run', async () => {
    expect(await replicate.accounts.current()).toMatchObject({ type: 'user' });
    const model = await replicate.models.get('black-forest-labs', 'flux-dev');
    expect(model.latest_version?.id).toMatch(/^7863d1ba/);
    const schema = model.latest_version?.openapi_schema as {
      components: { schemas: { Input: { required: string[] } } };
    };
    expect(schema.components.schemas.Input.required).toEqual(['prompt']);

    const file = await replicate.files.create(new File(['hello'], 'hello.txt', { type: 'text/plain' }));
    expect(await replicate.files.get(file.id)).toMatchObject({
      name: 'hello.txt',
      size: 5,
      content_type: 'text/plain',
    });
    expect(await replicate.files.delete(file.id)).toBe(true);
    await expect(replicate.run('google/imagen-4', { input: { prompt: 'x #fail' } })).rejects.toThrow(
      'Prediction failed',
    );
  });

  test('validateWebhook accepts its webhooks under the secret of the account', async () => {
    const webhook = `${receiver.url}?job=1`;
    const { id } = await replicate.predictions.create({
      model: DEV,
      input: { prompt: 'a signed fox' },
      webhook,
      webhook_events_filter: ['start', 'output', 'completed'],
    });
    await until(() => receiver.received.length === 3);
    const { key } = await replicate.webhooks.default.secret.get();
    expect(key).toMatch(/^whsec_/);
    const bodies = receiver.received.map(
      ({ body }) => JSON.parse(body) as { id: string; status: string; output: unknown },
    );
    expect(bodies[0]).toMatchObject({ id, status: 'processing', output: null });
    for (const { headers, body } of receiver.received) {
      const parts = {
        id: headers['webhook-id'] ?? '',
        timestamp: headers['webhook-timestamp'] ?? '',
        signature: headers['webhook-signature'] ?? '',
      };
      expect(await validateWebhook({ ...parts, body, secret: key })).toBe(true);
      expect(await validateWebhook({ ...parts, body: `${body} `, secret: key })).toBe(false);
    }
    expect(bodies.at(-1)).toMatchObject({ id, status: 'succeeded', model: DEV });
  });
});
