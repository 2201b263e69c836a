import type { Context } from 'hono';

/** A command as its words, all strings, or why it is none. */
export type Parsed = { words: string[] } | { error: string };

/** Reads one command of a JSON body. */
export function parseCommand(value: unknown): Parsed {
  if (!Array.isArray(value) || value.length === 0) return { error: 'ERR failed to parse command' };
  if (value.some((word) => word === null)) return { error: 'ERR null args are not supported' };
  if (value.some((word) => typeof word === 'object')) return { error: 'ERR failed to parse command' };
  return { words: value.map(String) };
}

/** Reads `/set/foo/bar?EX=100`; a body is the last word of the path. */
export async function parsePath(c: Context): Promise<Parsed> {
  const { pathname, searchParams } = new URL(c.req.url);
  const words = pathname.slice(1).split('/').map(decode);
  if (words[0] === '') return { error: 'ERR empty command' };
  const body = c.req.method === 'GET' ? '' : await c.req.text();
  if (body !== '') words.push(body);
  for (const [name, value] of searchParams) {
    if (name !== '_token') words.push(name, ...(value === '' ? [] : [value]));
  }
  return { words };
}

// What is no escape is taken as it is written.
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
