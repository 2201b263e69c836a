import { describe, expect, test, vi } from 'vitest';
import { arrived, destination, overview, qstash } from './harness.ts';

describe('delivery', () => {
  test('retries with a fresh signature, then leaves the message in the dead-letter queue', async () => {
    const { arrivals, origin } = await destination((_, count) => new Response('no', { status: count > 3 ? 200 : 503 }));
    const { client } = await qstash();
    const { messageId } = await client.publishJSON({ url: origin, body: {}, retries: 2 });
    await arrived(arrivals, 3);
    expect(arrivals.map(({ headers }) => headers.get('upstash-retried'))).toEqual(['0', '1', '2']);
    expect(new Set(arrivals.map(({ headers }) => headers.get('upstash-signature'))).size).toBe(3);
    const letters = await vi.waitFor(async () => {
      const { messages } = await client.dlq.listMessages();
      expect(messages).toHaveLength(1);
      return messages;
    });
    expect(letters[0]).toMatchObject({ messageId, url: origin, responseStatus: 503, responseBody: 'no', body: '{}' });
    await expect(client.messages.get(messageId)).rejects.toThrow('not found');
    const { responses } = await client.dlq.retry(letters[0]?.dlqId ?? '');
    expect(responses).toHaveLength(1);
    await arrived(arrivals, 4);
    expect((await client.dlq.listMessages()).messages).toEqual([]);
  });

  test('honours Retry-After, and 489 with its header ends a message at once', async () => {
    const refusal = () => new Response('', { status: 489, headers: { 'Upstash-NonRetryable-Error': 'true' } });
    const wait = () => new Response('', { status: 429, headers: { 'Retry-After': '200ms' } });
    const { arrivals, origin } = await destination((_, count) => (count === 1 ? wait() : refusal()));
    const { client, ...emulator } = await qstash();
    await client.publish({ url: origin });
    await arrived(arrivals, 2);
    expect((arrivals[1]?.at ?? 0) - (arrivals[0]?.at ?? 0)).toBeGreaterThanOrEqual(195);
    await vi.waitFor(async () =>
      expect(await overview(emulator.origin)).toMatchObject({ failed: 1, dlq: 1, waiting: 0 }),
    );
  });

  test('a dead letter is retried by its id, once', async () => {
    const { origin } = await destination(() => new Response('', { status: 500 }));
    const { client, ...emulator } = await qstash();
    await client.publish({ url: origin, retries: 0 });
    const { dlqId } = await vi.waitFor(async () => (await client.dlq.listMessages()).messages[0] ?? Promise.reject());
    const headers = { Authorization: 'Bearer secret' };
    const retry = () => fetch(`${emulator.origin}/v2/dlq/retry/${dlqId}`, { method: 'POST', headers });
    const first = await retry();
    expect([first.status, await first.json()]).toEqual([201, { messageId: expect.stringMatching(/^msg_/) }]);
    expect((await retry()).status).toBe(404);
  });

  test('a forwarded header that no request can carry is a failed attempt', async () => {
    const { arrivals, origin } = await destination();
    const { client, ...emulator } = await qstash();
    await client.publish({ url: origin, retries: 0, headers: { 'Upstash-Forward-Content-Length': '99' }, body: 'x' });
    await vi.waitFor(async () => expect(await overview(emulator.origin)).toMatchObject({ failed: 1, inFlight: 0 }));
    expect(arrivals).toEqual([]);
  });

  test('an unreachable destination is a failed attempt', async () => {
    const { client, ...emulator } = await qstash();
    await client.publish({ url: 'http://127.0.0.1:9/', retries: 1, retryDelay: '1000 * (1 + retried)' });
    await vi.waitFor(async () => expect(await overview(emulator.origin)).toMatchObject({ failed: 1, attempts: 2 }));
  });

  test('calls back after every attempt, and the failure callback when it gives up', async () => {
    const { arrivals, origin } = await destination(
      ({ url }) => new Response('x', { status: url.endsWith('/fail') ? 500 : 200 }),
    );
    const { client } = await qstash();
    const { messageId } = await client.publishJSON({
      url: `${origin}/fail`,
      body: { a: 1 },
      retries: 1,
      callback: `${origin}/callback`,
      failureCallback: `${origin}/failure`,
      headers: { 'Upstash-Callback-Forward-Kind': 'every' },
    });
    await arrived(arrivals, 5);
    const bodies = (path: string) =>
      arrivals.filter(({ url }) => url.endsWith(path)).map(({ body }) => JSON.parse(body));
    expect(bodies('/callback')).toHaveLength(2);
    expect(arrivals.find(({ url }) => url.endsWith('/callback'))?.headers.get('kind')).toBe('every');
    const [failure] = bodies('/failure');
    expect(failure).toMatchObject({ status: 500, retried: 1, maxRetries: 1, sourceMessageId: messageId });
    expect([atob(failure.body), atob(failure.sourceBody)]).toEqual(['x', '{"a":1}']);
    expect(failure.dlqId).toEqual(expect.any(String));
  });

  test('keeps the order of a queue through retries', async () => {
    const { arrivals, origin } = await destination((_, count) => new Response('', { status: count === 1 ? 500 : 200 }));
    const { client } = await qstash();
    const queue = client.queue({ queueName: 'line' });
    for (const n of [1, 2, 3]) await queue.enqueueJSON({ url: origin, body: n });
    await arrived(arrivals, 4);
    expect(arrivals.map(({ body }) => body)).toEqual(['1', '1', '2', '3']);
  });

  test('has no more deliveries under way than allowed', async () => {
    let [open, most] = [0, 0];
    const { arrivals, origin } = await destination(async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 10));
      open -= 1;
      return new Response();
    });
    const { client } = await qstash({ concurrency: 4 });
    await client.batch(Array.from({ length: 20 }, () => ({ url: origin })));
    await arrived(arrivals, 20);
    expect(most).toBe(4);
  });

  test('cancels what is not yet due', async () => {
    const { arrivals, origin } = await destination();
    const { client } = await qstash();
    const { messageId } = await client.publish({ url: origin, delay: 60 });
    expect(await client.messages.get(messageId)).toMatchObject({
      messageId,
      url: origin,
      maxRetries: 3,
      method: 'POST',
    });
    await client.messages.cancel(messageId);
    await expect(client.messages.cancel(messageId)).rejects.toThrow('not found');
    await client.publish({ url: origin, delay: 60, label: 'x' });
    expect(await client.messages.cancel({ filter: { label: 'x' } })).toEqual({ cancelled: 1 });
    expect(arrivals).toEqual([]);
  });
});
