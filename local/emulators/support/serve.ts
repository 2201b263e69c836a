import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';

/** One emulated vendor: a Hono app, and what must run or stop beside it (timers, queues). */
export type Emulator = {
  name: string;
  app: Hono;
  /** Called once the origin is known, e.g. to resume work that a killed process left behind. */
  start?: (origin: string) => void;
  stop?: () => Promise<void> | void;
};

export type Listening = { origin: string; port: number; close: () => Promise<void> };

/** Serves an emulator on loopback. `port` 0 picks a free one. Rejects with the socket's error (`EADDRINUSE`, `EACCES`). */
export async function listen(emulator: Emulator, port = 0): Promise<Listening> {
  const server = serve({ fetch: emulator.app.fetch, hostname: '127.0.0.1', port });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const bound = (server.address() as AddressInfo).port;
  const origin = `http://127.0.0.1:${bound}`;
  emulator.start?.(origin);
  const close = async () => {
    await emulator.stop?.();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { origin, port: bound, close };
}
