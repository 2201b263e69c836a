import type { ReadableStream } from 'node:stream/web';
import type { Context } from 'hono';

/** Something to deliver; `open` gives the bytes from `start` to `end`, both included. */
export type Content = {
  size: number;
  contentType: string;
  etag: string;
  /** ISO 8601. */
  modified: string;
  open(start: number, end: number): ReadableStream | Uint8Array;
};

/** Answers a `GET` or `HEAD`, with one range (RFC 9110, section 14) if the client asks for it. */
export function ranged(c: Context, content: Content): Response {
  const { size } = content;
  c.header('Accept-Ranges', 'bytes');
  c.header('Cache-Control', 'public, no-transform, max-age=2592000');
  c.header('ETag', `"${content.etag}"`);
  c.header('Last-Modified', new Date(content.modified).toUTCString());
  if (c.req.header('if-none-match') === `"${content.etag}"`) return c.body(null, 304);
  c.header('Content-Type', content.contentType);
  const range = parseRange(c.req.header('range'), size);
  if (range === 'unsatisfiable') return c.body(null, 416, { 'Content-Range': `bytes */${size}` });
  const { start, end } = range ?? { start: 0, end: size - 1 };
  c.header('Content-Length', String(end - start + 1));
  if (range !== undefined) c.header('Content-Range', `bytes ${start}-${end}/${size}`);
  const body = c.req.method === 'HEAD' ? null : (content.open(start, end) as BodyInit);
  return new Response(body, { status: range === undefined ? 200 : 206, headers: c.res.headers });
}

type Range = { start: number; end: number };

// Several ranges, or a unit that is not bytes, may be answered with the whole.
function parseRange(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (parts === null || (parts[1] === '' && parts[2] === '')) return undefined;
  const [, first, last] = parts;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || start > end ? 'unsatisfiable' : { start, end };
}
