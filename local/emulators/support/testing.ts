import { Hono } from 'hono';
import { type Emulator, listen } from './serve.ts';

export type Received = { at: number; path: string; headers: Record<string, string>; body: string };
export type Receiver = {
  url: string;
  received: Received[];
  /** Answers the next `times` webhooks with this status, then 200. */
  answer(status: number, times: number): void;
};

/** A webhook receiver on loopback that keeps what arrives, in order. */
export async function startReceiver(): Promise<Receiver & { close: () => Promise<void> }> {
  const received: Received[] = [];
  const refusal = { status: 200, left: 0 };
  const app = new Hono().post('/*', async (c) => {
    received.push({ at: Date.now(), path: c.req.path, headers: c.req.header(), body: await c.req.text() });
    const status = refusal.left > 0 ? refusal.status : 200;
    refusal.left -= 1;
    return new Response(null, { status });
  });
  const emulator: Emulator = { name: 'receiver', app };
  const { origin, close } = await listen(emulator);
  const answer = (status: number, times: number) => void Object.assign(refusal, { status, left: times });
  return { url: `${origin}/hook`, received, answer, close };
}

/** Polls until the check gives something, for at most `ms`. */
export async function until<T>(check: () => T | Promise<T>, ms = 4000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Nothing came of it within ${ms} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
