import type { Socket } from 'node:net';
import type { Context } from 'hono';

type Bindings = { incoming?: { socket: Socket } };

/** Cuts the TCP connection of a request. The header keeps the server from writing an answer to it. */
export function dropConnection(c: Context): Response {
  const { incoming } = c.env as Bindings;
  if (incoming === undefined) throw new Error('A connection can only be dropped on a listening emulator.');
  incoming.socket.destroy();
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
}

/** Never answers: waits until the client gives up or the emulator closes the connection. */
export function holdConnection(c: Context): Promise<Response> {
  return new Promise((resolve) => {
    const { signal } = c.req.raw;
    signal.addEventListener('abort', () => resolve(dropConnection(c)), { once: true });
  });
}
