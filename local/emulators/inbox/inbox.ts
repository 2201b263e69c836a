import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Emulator } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { type Answer, createMailboxes, type Mailboxes } from './mailboxes.ts';
import { inboxPage } from './page.ts';

export type InboxOptions = {
  /** State file; by default nothing outlives the process. */
  file?: string;
  /** A name forgets its oldest message beyond this. Default 10,000. */
  maxMessages?: number;
  /** A longer body is a 413. Default 1 MB. */
  maxBytes?: number;
  now?: () => number;
};

const AnswerBody = z.strictObject({
  status: z.int().min(200).max(599),
  times: z.int().positive().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
  delay_ms: z.int().min(0).max(300_000).optional(),
});

const BODILESS = [204, 205, 304];

/** Receives webhooks: `POST`, `GET`, `PUT` and `DELETE /NAME`, and a page for people at the root. */
export function createInbox({
  file = ':memory:',
  maxMessages = 10_000,
  maxBytes = 1_000_000,
  now = Date.now,
}: InboxOptions = {}): Emulator {
  const database = openDatabase(file);
  const mailboxes = createMailboxes(database, maxMessages);
  const app = new Hono();
  app.get('/', (c) => c.html(inboxPage(mailboxes, c.req.path.replace(/\/$/, ''))));
  app.get('/:name', (c) => c.json(mailboxes.list(c.req.param('name'))));
  app.post('/:name', (c) => receive(c, mailboxes, { maxBytes, now }));
  app.put('/:name', async (c) => {
    const parsed = AnswerBody.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 422);
    mailboxes.setAnswer(c.req.param('name'), parsed.data);
    return c.json(parsed.data);
  });
  app.delete('/:name', (c) => {
    mailboxes.clear(c.req.param('name'));
    return c.body(null, 204);
  });
  return { name: 'inbox', app, stop: database.close };
}

// Stored before it is answered, whatever the answer: a refused try is a try that arrived.
async function receive(
  c: Context,
  mailboxes: Mailboxes,
  { maxBytes, now }: { maxBytes: number; now: () => number },
): Promise<Response> {
  const bytes = Buffer.from(await c.req.arrayBuffer());
  if (bytes.length > maxBytes) return c.json({ error: `the body is larger than ${maxBytes} bytes` }, 413);
  const name = c.req.param('name') ?? '';
  const headers = Object.fromEntries(c.req.raw.headers);
  mailboxes.add(name, { received_at: new Date(now()).toISOString(), headers, body: bytes.toString() });
  return answer(mailboxes.takeAnswer(name) ?? { status: 200 });
}

async function answer({ status, headers, body = '{"received":true}', delay_ms = 0 }: Answer): Promise<Response> {
  if (delay_ms > 0) await sleep(delay_ms);
  const content = { 'content-type': 'application/json', ...headers };
  return new Response(BODILESS.includes(status) ? null : body, { status, headers: content });
}
