import { describe, expect, test } from 'vitest';
import { api, makeAccount, pool, stack, untilEnded } from './stack.ts';

const image = (prompt = 'a red fox in the snow') => ({ model: 'flux-dev', input: { prompt } });

async function priceOf(body: object): Promise<number> {
  const { body: quote } = await api('/v1/quotes', { body });
  return quote.credits_max;
}

const tally = (statuses: number[]) =>
  Object.fromEntries([...new Set(statuses)].map((s) => [s, statuses.filter((x) => x === s).length]));

async function legsOf(account: string) {
  const { rows } = await pool().query(
    'select transfer, sum(amount)::int as sum, count(*)::int as legs from darkroom.entries where account_id = $1 group by 1',
    [account],
  );
  return rows;
}

describe('credits', () => {
  test('200 submissions at once against a balance for 50: 50 are 202, 150 are 402, the books are whole', async () => {
    const price = await priceOf(image());
    const { account_id, api_key } = await makeAccount({ credits: 50 * price });
    const before = (await api('/v1/credits', { key: api_key })).body;
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => api('/v1/jobs', { key: api_key, body: image(`fox ${i} #slow=2`) })),
    );
    expect(tally(answers.map((a) => a.status))).toEqual({ 202: 50, 402: 150 });
    const during = (await api('/v1/credits', { key: api_key })).body;
    expect(during.available).toBe(0);
    const accepted = answers.filter((a) => a.status === 202).map((a) => a.body.id);
    await Promise.all(accepted.map((id) => untilEnded(id, { key: api_key, ms: 150_000 })));
    const after = (await api('/v1/credits', { key: api_key })).body;
    expect(after).toMatchObject({ available: 0, held: 0 });
    const { rows } = await pool().query(
      'select available + held + spent as total, -granted as granted from darkroom.slots where account_id = $1',
      [account_id],
    );
    expect(rows).toEqual([{ total: String(before.available), granted: String(before.available) }]);
    for (const leg of await legsOf(account_id)) expect(leg).toMatchObject({ sum: 0, legs: 2 });
  });

  test.each([
    ['held for longer than it is: the rest comes back', {}, { charged: 125, refunded: 1_375 }, 0.1],
    [
      'said to be shorter than it is: the hold is charged, what it cost is booked',
      { duration_seconds: 1 },
      { charged: 25, refunded: 0 },
      0.1,
    ],
  ])('a film of 5 s, %s', async (_what, length, expected, cost) => {
    const { api_key: key } = await makeAccount({ credits: 10_000 });
    const video_url = `${stack().emulators.cloudinary}/sample.mp4`;
    const body = { model: 'topaz-video-upscale', input: { video_url, ...length } };
    const { body: accepted } = await api('/v1/jobs', { key, body });
    const ended = await untilEnded(accepted.id, { key });
    expect(ended).toMatchObject({
      status: 'completed',
      credits: { held: 0, ...expected },
      outputs: [{ duration_seconds: 5 }],
    });
    expect(ended.usage.provider_cost_usd).toBeCloseTo(cost);
  });

  test('50 parallel submissions under one key: one job, one hold, 50 answers with the same id', async () => {
    const { account_id, api_key } = await makeAccount({ credits: 10_000 });
    const headers = { 'idempotency-key': 'once-and-only-once' };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => api('/v1/jobs', { key: api_key, body: image(), headers })),
    );
    const ok = answers.filter((a) => a.status === 202 || a.status === 200);
    expect(answers.filter((a) => a.status !== 409).length).toBe(ok.length);
    expect(new Set(ok.map((a) => a.body.id)).size).toBe(1);
    expect(ok.filter((a) => a.headers.get('idempotency-replayed') !== 'true')).toHaveLength(1);
    const { rows } = await pool().query('select count(*)::int as holds from darkroom.holds where account_id = $1', [
      account_id,
    ]);
    expect(rows).toEqual([{ holds: 1 }]);
    const other = await api('/v1/jobs', { key: api_key, body: image('another fox'), headers });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    const ended = await untilEnded(ok[0]?.body.id, { key: api_key });
    const replay = await api('/v1/jobs', { key: api_key, body: image(), headers });
    expect(replay.body).toMatchObject({ id: ended.id, status: 'completed' });
  });

  test('a 402 stays one under its key after a top-up, and says to use a new key', async () => {
    const { account_id, api_key } = await makeAccount();
    const headers = { 'idempotency-key': 'too-poor' };
    const poor = await api('/v1/jobs', { key: api_key, body: image(), headers });
    expect(poor).toMatchObject({ status: 402, body: { code: 'insufficient_credits', available: 0 } });
    await api('/v1/credits/grants', {
      key: stack().admin_api_key,
      headers: { 'idempotency-key': `g-${account_id}` },
      body: { account_id, credits: 1000, kind: 'purchase', reason: 'top-up' },
    });
    expect((await api('/v1/jobs', { key: api_key, body: image(), headers })).status).toBe(402);
    expect((await api('/v1/jobs', { key: api_key, body: image() })).status).toBe(202);
  });

  test('a completed job: quote, hold, charge and entries agree, and the entries show both legs', async () => {
    const { api_key } = await makeAccount({ credits: 1000 });
    const { body: quote } = await api('/v1/quotes', { key: api_key, body: image() });
    const { body: accepted } = await api('/v1/jobs', { key: api_key, body: { ...image(), quote_id: quote.id } });
    expect(accepted.credits).toEqual({ held: quote.credits_max, charged: 0, refunded: 0 });
    const done = await untilEnded(accepted.id, { key: api_key });
    expect(done.status).toBe('completed');
    expect(done.credits.charged + done.credits.refunded).toBe(quote.credits_max);
    expect(done.outputs).toHaveLength(1);
    const picture = await fetch(done.outputs[0].url);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, done.outputs[0].content_type]);
    const { body: entries } = await api('/v1/credits/entries?limit=100', { key: api_key });
    const own = entries.data.filter((e: { reference: string }) => e.reference === accepted.id);
    expect(own.reduce((sum: number, e: { amount: number }) => sum + e.amount, 0)).toBe(0);
    expect((await api('/v1/jobs', { key: api_key, body: { ...image(), quote_id: quote.id } })).body.code).toBe(
      'quote_expired',
    );
  });

  test('grants are for operators, need a key, and happen once', async () => {
    const { account_id, api_key } = await makeAccount();
    const body = { account_id, credits: 500, kind: 'promo', reason: 'hello' };
    const headers = { 'idempotency-key': `once-${account_id}` };
    expect((await api('/v1/credits/grants', { key: api_key, body, headers })).status).toBe(403);
    const keyless = await api('/v1/credits/grants', { key: stack().admin_api_key, body });
    expect(keyless.status).toBeGreaterThanOrEqual(400);
    expect(keyless.status).toBeLessThan(500);
    await Promise.all(
      Array.from({ length: 10 }, () => api('/v1/credits/grants', { key: stack().admin_api_key, body, headers })),
    );
    expect((await api('/v1/credits', { key: api_key })).body.available).toBe(500);
  });
});
