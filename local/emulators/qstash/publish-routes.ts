import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { dropConnection } from '../support/connection.ts';
import type { QueueContext } from './context.ts';
import type { Draft } from './draft.ts';

import type { Acceptance, Service } from './service.ts';

const MAX_BODY_BYTES = 1_048_576;

const Batch = z.array(
  z.object({
    destination: z.string(),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().default(''),
    queue: z.string().optional(),
  }),
);

/** `POST /publish/{url}`, `/enqueue/{queue}/{url}` and `/batch`, below `/v2`. */
export function publishRoutes(service: Service, faults: QueueContext['faults']): Hono {
  const app = new Hono();

  app.post('/publish/*', async (c) => {
    const body = new Uint8Array(await c.req.arrayBuffer());
    const destination = destinationOf(c, /^.*?\/v2\/publish\//);
    return publish(c, [{ destination, headers: headersOf(c), body }], ([answer]) => answer);
  });

  app.post('/enqueue/:queue/*', async (c) => {
    const body = new Uint8Array(await c.req.arrayBuffer());
    const queue = c.req.param('queue');
    const destination = destinationOf(c, /^.*?\/v2\/enqueue\/[^/]*\//);
    return publish(c, [{ destination, headers: headersOf(c), body, queue }], ([answer]) => answer);
  });

  app.post('/batch', async (c) => {
    const parsed = Batch.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) return c.json({ error: `invalid batch: ${z.prettifyError(parsed.error)}` }, 400);
    const drafts = parsed.data.map(({ headers, body, ...rest }) => {
      return { ...rest, headers: lowerCase(Object.entries(headers)), body: new TextEncoder().encode(body) };
    });
    return publish(c, drafts, (answers) => answers);
  });

  function publish(c: Context, drafts: Draft[], answer: (accepted: Acceptance[]) => unknown): Response {
    const subject = { url: drafts.map(({ destination }) => destination).join(' ') };
    const refusal = faults.take(['500', '429', 'drop-before'], subject)?.fault;
    if (refusal === 'drop-before') return dropConnection(c);
    if (refusal === '429') return burstLimited(c);
    if (refusal === '500') return c.json({ error: 'internal server error' }, 500);
    if (drafts.some(({ body }) => body.byteLength > MAX_BODY_BYTES)) return tooLarge(c);
    const accepted = drafts.map((draft) => service.publish(draft));
    const failed = accepted.find((result) => 'error' in result);
    if (failed !== undefined) return c.json(failed, 400);
    if (faults.take(['drop-after-accepting'], subject) !== undefined) return dropConnection(c);
    const results = accepted as Acceptance[];
    return c.json(
      answer(results),
      results.every(({ deduplicated }) => deduplicated) && results.length === 1 ? 202 : 200,
    );
  }

  return app;
}

// The destination is what follows the route, byte for byte: it becomes the signature's `sub`.
function destinationOf(c: Context, route: RegExp): string {
  const path = c.req.url.replace(route, '').replace(/[?&]qstash_token=[^&]*/, '');
  return /^https?%3A/i.test(path) ? decodeURIComponent(path) : path;
}

const headersOf = (c: Context) => lowerCase([...c.req.raw.headers]);

function lowerCase(entries: [string, string][]): Record<string, string> {
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

function tooLarge(c: Context): Response {
  return c.json({ error: `maximum message size is ${MAX_BODY_BYTES} bytes` }, 413);
}

function burstLimited(c: Context): Response {
  const reset = String(Math.ceil(Date.now() / 1000) + 1);
  const headers = { 'Burst-RateLimit-Limit': '100', 'Burst-RateLimit-Remaining': '0', 'Burst-RateLimit-Reset': reset };
  return c.json({ error: 'rate limit exceeded' }, 429, headers);
}
