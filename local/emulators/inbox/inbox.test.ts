import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Emulator } from '../support/serve.ts';
import { createInbox } from './inbox.ts';
import type { Message } from './mailboxes.ts';

const cleanups: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

const send = (inbox: Emulator, body: string, headers = {}, name = 'box') =>
  inbox.app.request(`/${name}`, { method: 'POST', body, headers });
async function list(inbox: Emulator, name = 'box'): Promise<Message[]> {
  const response = await inbox.app.request(`/${name}`);
  return (await response.json()) as Message[];
}
const put = (inbox: Emulator, answer: unknown) =>
  inbox.app.request('/box', { method: 'PUT', body: JSON.stringify(answer) });

describe('messages', () => {
  test('are listed in order with lower-case headers and the raw body', async () => {
    const inbox = createInbox({ now: () => 0 });
    expect((await send(inbox, '{"a": 1}', { 'Webhook-Id': 'msg_1' })).status).toBe(200);
    await send(inbox, 'é\n');
    expect(await list(inbox)).toEqual([
      {
        received_at: '1970-01-01T00:00:00.000Z',
        headers: expect.objectContaining({ 'webhook-id': 'msg_1' }),
        body: '{"a": 1}',
      },
      expect.objectContaining({ body: 'é\n' }),
    ]);
    expect(await list(inbox, 'other')).toEqual([]);
  });

  test('are bounded in number and size', async () => {
    const inbox = createInbox({ maxMessages: 2, maxBytes: 10 });
    for (const body of ['1', '2', '3']) await send(inbox, body);
    expect((await send(inbox, 'x'.repeat(11))).status).toBe(413);
    expect((await list(inbox)).map(({ body }) => body)).toEqual(['2', '3']);
  });

  test('are cleared by name, with the answer', async () => {
    const inbox = createInbox();
    await put(inbox, { status: 500 });
    await send(inbox, '1');
    await send(inbox, '2', {}, 'other');
    expect((await inbox.app.request('/box', { method: 'DELETE' })).status).toBe(204);
    expect([(await list(inbox)).length, (await list(inbox, 'other')).length]).toEqual([0, 1]);
    expect((await send(inbox, '1')).status).toBe(200);
  });

  test('outlive the process, and so does a limited answer', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inbox-'));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'inbox.db');
    const first = createInbox({ file });
    await put(first, { status: 503, times: 2 });
    expect((await send(first, '1')).status).toBe(503);
    const second = createInbox({ file });
    expect((await send(second, '2')).status).toBe(503);
    expect((await send(second, '3')).status).toBe(200);
    expect((await list(second)).map(({ body }) => body)).toEqual(['1', '2', '3']);
    await first.stop?.();
    await second.stop?.();
  });
});

describe('answers', () => {
  test('are what PUT said, and refused tries are stored too', async () => {
    const inbox = createInbox();
    await put(inbox, { status: 302, headers: { location: 'http://127.0.0.1/' }, body: 'moved', delay_ms: 20 });
    const response = await send(inbox, '1');
    expect([response.status, response.headers.get('location'), await response.text()]).toEqual([
      302,
      'http://127.0.0.1/',
      'moved',
    ]);
    await put(inbox, { status: 204 });
    expect((await send(inbox, '2')).status).toBe(204);
    expect(await list(inbox)).toHaveLength(2);
  });

  test.each([{}, { status: 99 }, { status: 200, times: 0 }, { status: 200, unknown: 1 }, 'text'])(
    '%j is refused',
    async (answer) => {
      expect((await put(createInbox(), answer)).status).toBe(422);
    },
  );
});

test('the page shows names and messages to a person, as text', async () => {
  const inbox = createInbox();
  expect(await (await inbox.app.request('/')).text()).toContain('Nothing has arrived yet');
  await send(inbox, '{"type":"job.completed","data":"<script>"}', {}, 'my%20box');
  const page = await (await inbox.app.request('/')).text();
  expect(page).toContain('job.completed');
  expect(page).toContain('my box');
  expect(page).not.toContain('<script>');
});
