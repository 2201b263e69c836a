import { Client, Receiver } from '@upstash/qstash';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { listen } from '../support/serve.ts';
import { createQstash, type QstashOptions } from './qstash.ts';

/** A request as the destination saw it. */
export type Arrival = { url: string; method: string; headers: Headers; body: string; at: number };
type Answering = (arrival: Arrival, count: number) => Response | Promise<Response>;

export const KEYS = { current: 'sig_current', next: 'sig_next' };
const cleanups: (() => unknown)[] = [];

// The SDK reports every refusal that a test provokes.
beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue());

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs when the test ends, last first. */
export const cleanup = (step: () => unknown) => void cleanups.push(step);

/** A server that records what arrives. */
export async function destination(answer: Answering = () => new Response('ok')) {
  const arrivals: Arrival[] = [];
  const app = new Hono();
  app.all('*', async (c) => {
    const { url, method, headers } = c.req.raw;
    const arrival = { url, method, headers: new Headers(headers), body: await c.req.text(), at: Date.now() };
    arrivals.push(arrival);
    return answer(arrival, arrivals.length);
  });
  const listening = await listen({ name: 'destination', app });
  cleanups.push(listening.close);
  return { arrivals, origin: listening.origin };
}

/** An emulator with quick retries, and the official client for it. */
export async function qstash(options: Partial<QstashOptions> = {}) {
  const emulator = createQstash({ token: 'secret', signingKeys: KEYS, retryScale: 0.001, ...options });
  const listening = await listen(emulator);
  let open = true;
  const close = async () => {
    if (open) await listening.close();
    open = false;
  };
  cleanups.push(close);
  const client = new Client({ baseUrl: listening.origin, token: 'secret', retry: false, devMode: false });
  return { ...listening, close, client, emulator };
}

export const control = (origin: string, body: object) =>
  fetch(`${origin}/__control`, { method: 'POST', body: JSON.stringify(body) });
export const overview = async (origin: string) => (await fetch(`${origin}/__messages`)).json();
export const arrived = (arrivals: Arrival[], count: number) =>
  vi.waitFor(() => expect(arrivals).toHaveLength(count), { timeout: 4000, interval: 5 });

function receiver(keys = KEYS) {
  return new Receiver({ currentSigningKey: keys.current, nextSigningKey: keys.next, devMode: false });
}

/** The official verifier's verdict. */
export function verify({ body, headers }: Arrival, url: string, keys = KEYS) {
  return receiver(keys).verify({ body, url, signature: headers.get('upstash-signature') ?? '' });
}
