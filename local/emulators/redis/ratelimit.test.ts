import { setTimeout as sleep } from 'node:timers/promises';
import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../support/serve.ts';
import { createRedis } from './redis.ts';

let server: Listening;

beforeAll(async () => {
  server = await listen(createRedis({ token: 'secret' }));
});
afterAll(() => server.close());

function limiter(algorithm: ReturnType<typeof Ratelimit.slidingWindow>, prefix: string): Ratelimit {
  const redis = new Redis({ url: server.origin, token: 'secret' });
  // Without the in-process cache every call is decided by the script.
  return new Ratelimit({ redis, limiter: algorithm, prefix, ephemeralCache: false, analytics: false });
}

const ALGORITHMS = {
  fixedWindow: Ratelimit.fixedWindow(3, '1 h'),
  slidingWindow: Ratelimit.slidingWindow(3, '1 h'),
  tokenBucket: Ratelimit.tokenBucket(3, '1 h', 3),
};

test.each(Object.entries(ALGORITHMS))('%s lets as many through as it says, also at once', async (name, algorithm) => {
  const ratelimit = limiter(algorithm, name);
  const results = await Promise.all(Array.from({ length: 10 }, () => ratelimit.limit('user')));
  expect(results.filter(({ success }) => success)).toHaveLength(3);
  const next = await ratelimit.limit('user');
  expect(next).toMatchObject({ success: false, limit: 3, remaining: 0 });
  expect(next.reset).toBeGreaterThan(Date.now());
  expect(await ratelimit.limit('somebody else')).toMatchObject({ success: true, remaining: 2 });
  expect(await ratelimit.getRemaining('user')).toMatchObject({ remaining: 0 });
});

const WINDOW_MS = 1_000;

test.concurrent.each([
  ['fixedWindow', Ratelimit.fixedWindow(1, `${WINDOW_MS} ms`)],
  ['slidingWindow', Ratelimit.slidingWindow(1, `${WINDOW_MS} ms`)],
  ['tokenBucket', Ratelimit.tokenBucket(1, `${WINDOW_MS} ms`, 1)],
])('%s opens again after its window', async (name, algorithm) => {
  const ratelimit = limiter(algorithm, `again-${name}`);
  // Windows begin by the clock: both calls belong into one.
  await sleep(WINDOW_MS - (Date.now() % WINDOW_MS));
  expect((await ratelimit.limit('user')).success).toBe(true);
  expect((await ratelimit.limit('user', { rate: 1 })).success).toBe(false);
  await sleep(2 * WINDOW_MS + 50);
  expect((await ratelimit.limit('user')).success).toBe(true);
});
