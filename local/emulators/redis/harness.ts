import { Redis } from '@upstash/redis';
import { afterEach } from 'vitest';
import { listen } from '../support/serve.ts';
import { createRedis, type RedisOptions } from './redis.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of cleanups.splice(0).reverse()) await step();
});

/** Runs when the test ends, last first. */
export const cleanup = (step: () => unknown) => void cleanups.push(step);

/** A listening emulator, the official client for it, and plain requests: `[status, body]`. */
export async function start(options: Partial<RedisOptions> = {}) {
  const listening = await listen(createRedis({ token: 'secret', ...options }));
  let open = true;
  const close = async () => {
    if (open) await listening.close();
    open = false;
  };
  cleanup(close);
  const redis = new Redis({ url: listening.origin, token: 'secret', retry: false });
  const request = async (path: string, init: RequestInit = {}) => {
    const headers = { Authorization: 'Bearer secret', ...init.headers };
    const response = await fetch(`${listening.origin}${path}`, { ...init, headers });
    return [response.status, await response.json()];
  };
  const post = (path: string, body: unknown, headers = {}) =>
    request(path, { method: 'POST', body: JSON.stringify(body), headers });
  return { origin: listening.origin, close, redis, request, post };
}
