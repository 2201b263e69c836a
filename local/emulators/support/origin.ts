import type { Context } from 'hono';

/** The emulator's own origin: the one it listens on, or (in tests without a server) that of the request. */
export type Origin = { set(origin: string): void; of(c?: Context): string };

export function createOrigin(): Origin {
  let listening: string | undefined;
  return {
    set(origin) {
      listening = origin;
    },
    of: (c) => listening ?? (c ? new URL(c.req.url).origin : 'http://localhost'),
  };
}
