import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Next } from 'hono';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT'];

export async function requireMethod(c: Context, next: Next): Promise<Response | undefined> {
  if (!METHODS.includes(c.req.method)) return c.json({ error: 'ERR unsupported method' }, 405);
  await next();
  return undefined;
}

/** Takes the token from the header or from `?_token=`. */
export function requireToken(token: string) {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async (c: Context, next: Next): Promise<Response | undefined> => {
    const given = c.req.header('authorization') ?? `Bearer ${c.req.query('_token') ?? ''}`;
    if (!timingSafeEqual(digest(given), expected))
      return c.json({ error: 'WRONGPASS invalid or missing auth token' }, 401);
    await next();
    return undefined;
  };
}
