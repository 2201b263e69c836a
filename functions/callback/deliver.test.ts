import { describe, expect, test } from 'vitest';
import { ok, refused } from '../../shared/errors/result.ts';
import { deriveWebhookSecret } from '../../shared/signatures/derive.ts';
import { verify } from '../../shared/signatures/standard-webhooks.ts';
import { deliver } from './deliver.ts';
import { deliverDue } from './deliver-due.ts';
import { dueDelivery, fakeDatabase, fakeDeps, INBOX, NOW, ORIGIN, WEBHOOK_MASTER } from './testing/fakes.ts';

type Sent = { url: string; init: RequestInit };

function partner(answer: (sent: Sent) => Response | Promise<Response> = () => new Response('thanks')) {
  const sent: Sent[] = [];
  const fetch = async (url: string | URL, init: RequestInit = {}) => {
    sent.push({ url: String(url), init });
    return answer({ url: String(url), init });
  };
  return { sent, fetch };
}

const headersOf = (sent: Sent | undefined) => new Headers(sent?.init.headers);

test('the message is the job with its addresses, signed with the secret of its account', async () => {
  const { sent, fetch } = partner();
  const result = await deliver(fakeDeps({ fetch }), dueDelivery());
  expect(result).toMatchObject({ http_status: 200, ms: 0, response: { body: 'thanks', truncated: false } });
  expect(result.error).toBeUndefined();

  const body = sent[0]?.init.body as string;
  expect(JSON.parse(body)).toMatchObject({
    type: 'job.completed',
    timestamp: '2026-11-21T11:59:00.000Z',
    data: { id: 'job_1' },
  });
  expect(JSON.parse(body).data.urls.self).toBe(`${ORIGIN}/v1/jobs/job_1`);
  expect(JSON.parse(body).data).not.toHaveProperty('events_token');
  const secret = await deriveWebhookSecret({ master: WEBHOOK_MASTER, accountId: 'acct_1', version: 1 });
  expect(await verify({ headers: headersOf(sent[0]), body, secrets: [secret], now: NOW })).toMatchObject({ ok: true });
});

test('a later try keeps the id and the body, and is signed anew', async () => {
  const { sent, fetch } = partner();
  await deliver(fakeDeps({ fetch }), dueDelivery());
  const later = NOW + 1_800_000;
  await deliver(fakeDeps({ fetch, now: () => later }), dueDelivery({ attempt: 3 }));
  const [first, third] = sent.map(headersOf);
  expect(third?.get('webhook-id')).toBe(first?.get('webhook-id'));
  expect(third?.get('webhook-timestamp')).toBe(String(later / 1000));
  expect(third?.get('webhook-signature')).not.toBe(first?.get('webhook-signature'));
  expect(sent[1]?.init.body).toBe(sent[0]?.init.body);
});

test('another account, another secret', async () => {
  const { sent, fetch } = partner();
  await deliver(fakeDeps({ fetch }), dueDelivery());
  await deliver(fakeDeps({ fetch }), dueDelivery({ account_id: 'acct_2' }));
  await deliver(fakeDeps({ fetch }), dueDelivery({ secret_version: 2 }));
  expect(new Set(sent.map((one) => headersOf(one).get('webhook-signature'))).size).toBe(3);
});

test.each([
  ['http://partner.example/hook', 'https'],
  ['https://10.0.0.1/hook', 'IP address'],
  ['https://2130706433/hook', 'IP address'],
  ['https://[::ffff:127.0.0.1]/', 'IP address'],
  ['https://metadata.google.internal/', 'private network'],
  ['https://user:pass@partner.example/', 'user name'],
  ['https://darkroom.test/v1/jobs', 'ours'],
  ['http://127.0.0.1:1/hook', 'https'],
])('%s is checked at each try and never called', async (url, reason) => {
  const { sent, fetch } = partner();
  const result = await deliver(fakeDeps({ fetch }), dueDelivery({ url }));
  expect(result.error).toContain(reason);
  expect(result.http_status).toBeUndefined();
  expect(sent).toEqual([]);
});

test('the local inbox is the one private address that is let through', async () => {
  const { sent, fetch } = partner();
  await deliver(fakeDeps({ fetch }), dueDelivery({ url: `${INBOX}/name` }));
  expect(sent[0]?.url).toBe(`${INBOX}/name`);
});

describe('what a partner answers', () => {
  const answered = (response: () => Response | Promise<Response>) =>
    deliver(fakeDeps(partner(response)), dueDelivery());

  test('a redirect is a failure that says so, and is not followed', async () => {
    const { sent, fetch } = partner(
      () => new Response(null, { status: 307, headers: { location: 'https://10.0.0.1/' } }),
    );
    const result = await deliver(fakeDeps({ fetch }), dueDelivery());
    expect(result.error).toContain('redirect');
    expect(result.http_status).toBe(307);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.init.redirect).toBe('manual');
  });

  test('410 wants no more', async () => {
    expect(await answered(() => new Response('', { status: 410 }))).toMatchObject({ http_status: 410, gone: true });
  });

  test('Retry-After is passed on, in seconds or as a date', async () => {
    const busy = (value: string) => () => new Response('', { status: 503, headers: { 'retry-after': value } });
    expect(await answered(busy('120'))).toMatchObject({
      http_status: 503,
      retry_after_seconds: 120,
      error: 'answered 503',
    });
    expect(await answered(busy('Sat, 21 Nov 2026 12:05:00 GMT'))).toMatchObject({ retry_after_seconds: 300 });
    expect(await answered(busy('soon'))).not.toHaveProperty('retry_after_seconds');
  });

  test('a long answer counts, its start is kept, and NULs are not', async () => {
    const result = await answered(() => new Response(`\0${'x'.repeat(50_000)}`));
    expect(result).toMatchObject({ http_status: 200, response: { truncated: true } });
    const { body } = result.response as { body: string };
    expect(body.length).toBe(20_000);
    expect(body).not.toContain('\0');
  });

  test('nothing at all', async () => {
    expect(await answered(() => Promise.reject(new Error('reset')))).toMatchObject({
      error: 'the endpoint could not be reached',
    });
  });
});

test('a message of a deleted job is dropped', async () => {
  const { sent, fetch } = partner();
  const empty = {} as ReturnType<typeof dueDelivery>['body'];
  expect(await deliver(fakeDeps({ fetch }), dueDelivery({ body: empty }))).toMatchObject({ gone: true });
  expect(sent).toEqual([]);
});

describe('what is due', () => {
  const id = (n: number) => `evt_${String(n).padStart(32, '0')}`;

  test('is sent side by side, two at a time to the same endpoint', async () => {
    const running = new Map<string, number>();
    let most = 0;
    const { fetch } = partner(async ({ url }) => {
      const { origin } = new URL(url);
      running.set(origin, (running.get(origin) ?? 0) + 1);
      most = Math.max(most, running.get(origin) ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running.set(origin, (running.get(origin) ?? 0) - 1);
      return new Response('');
    });
    const due = [...Array(8).keys()].map((n) =>
      dueDelivery({ id: id(n), url: `https://${n % 2 ? 'a' : 'b'}.example/${n}` }),
    );
    const db = fakeDatabase({ dueDeliveries: async () => ok(due) });
    expect(await deliverDue(fakeDeps({ db, fetch }), 100, 1_000)).toBe(8);
    expect(most).toBe(2);
    expect(db.recordDelivery.mock.calls.map(([delivery]) => delivery).toSorted()).toEqual(due.map((one) => one.id));
  });

  test('one that cannot be recorded or breaks does not stop the others', async () => {
    const due = [dueDelivery({ id: id(1), account_id: '' }), dueDelivery({ id: id(2) }), dueDelivery({ id: id(3) })];
    const db = fakeDatabase({
      dueDeliveries: async () => ok(due),
      recordDelivery: async () => refused('unavailable'),
    });
    await deliverDue(fakeDeps({ db }), 100, 1_000);
    expect(db.recordDelivery.mock.calls.map(([delivery]) => delivery).toSorted()).toEqual([id(2), id(3)]);
  });

  test('waits for the next sweep once the time is up', async () => {
    let now = NOW;
    const { sent, fetch } = partner(() => {
      now += 600;
      return new Response('');
    });
    const due = [1, 2, 3, 4].map((n) => dueDelivery({ id: id(n) }));
    const db = fakeDatabase({ dueDeliveries: async () => ok(due) });
    await deliverDue(fakeDeps({ db, fetch, now: () => now }), 100, 1_000);
    expect(sent.length).toBeLessThan(due.length);
  });
});
