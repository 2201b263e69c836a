import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import {
  accept,
  candidate,
  failed,
  type Json,
  makeAccount,
  makeKey,
  request,
  rpc,
  runLane,
  sha256,
  spec,
  succeeded,
} from './fixtures.ts';
import { expectSound } from './sound.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
  await makeKey(pool, 'replicate', { slots: 1000 });
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const one = () => request([spec([candidate('replicate')])]);
const balance = async (who: { credential: Json }) => (await rpc(pool, 'submit', 'credits', [who.credential, null])).ok;
const codes = (answers: { ok?: unknown; refusal?: Json }[]) =>
  answers.reduce<Record<string, number>>((n, a) => {
    const code = a.ok ? 'accepted' : a.refusal?.code;
    return Object.assign(n, { [code]: (n[code] ?? 0) + 1 });
  }, {});

describe('accept', () => {
  test('200 at once against credits for 50: exactly 50 are accepted', async () => {
    const who = await makeAccount(pool, 500);
    const answers = await Promise.all(Array.from({ length: 200 }, () => accept(pool, who, one())));
    expect(codes(answers)).toEqual({ accepted: 50, insufficient_credits: 150 });
    expect(await balance(who)).toMatchObject({ available: 0, held: 500, spent: 0 });
    const { rows } = await pool.query(
      'select transfer from darkroom.entries group by 1 having sum(amount) <> 0 or count(*) <> 2',
    );
    expect(rows).toEqual([]);
  });

  test('50 at once under one idempotency key: one job, one hold, one id', async () => {
    const who = await makeAccount(pool, 500);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => accept(pool, who, { ...one(), idempotency_key: 'once' })),
    );
    expect(new Set(answers.map((a) => a.ok.jobs[0].id)).size).toBe(1);
    expect(answers.filter((a) => !a.ok.replayed)).toHaveLength(1);
    expect(await balance(who)).toMatchObject({ available: 490, held: 10 });
  });

  test('the same key with another body is a mismatch and writes nothing', async () => {
    const who = await makeAccount(pool, 500);
    await accept(pool, who, { ...one(), idempotency_key: 'k' });
    const other = await accept(pool, who, { ...one(), request_hash: sha256('other'), idempotency_key: 'k' });
    expect(other.refusal).toMatchObject({ code: 'idempotency_mismatch' });
    expect(await balance(who)).toMatchObject({ held: 10 });
  });

  test('a 402 stays one under its key after a top-up; without a key it passes then', async () => {
    const who = await makeAccount(pool, 5);
    expect((await accept(pool, who, { ...one(), idempotency_key: 'poor' })).refusal).toMatchObject({
      code: 'insufficient_credits',
      required: 10,
      available: 5,
    });
    await pool.query(`select darkroom.issue($1, 100, 'purchase', 'top-up', null, 'test')`, [who.account]);
    expect((await accept(pool, who, { ...one(), idempotency_key: 'poor' })).refusal).toMatchObject({
      code: 'insufficient_credits',
    });
    expect((await accept(pool, who, one())).ok.jobs).toHaveLength(1);
  });

  test('a refusal leaves no row but its idempotency record', async () => {
    const who = await makeAccount(pool, 5);
    const count = async () =>
      (
        await pool.query(`select (select count(*) from darkroom.jobs) + (select count(*) from darkroom.parts) + (select count(*) from darkroom.outbox)
        + (select count(*) from darkroom.holds) + (select count(*) from darkroom.entries) + (select count(*) from darkroom.job_events) as n`)
      ).rows[0].n;
    const before = await count();
    await accept(pool, who, { ...one(), idempotency_key: 'poor' });
    expect(await count()).toBe(before);
  });

  test('a batch is accepted or refused as one', async () => {
    const who = await makeAccount(pool, 25);
    const three = request([
      spec([candidate('replicate')]),
      spec([candidate('replicate')]),
      spec([candidate('replicate')]),
    ]);
    expect((await accept(pool, who, three)).refusal).toMatchObject({ code: 'insufficient_credits', required: 30 });
    expect(await balance(who)).toMatchObject({ available: 25, held: 0 });
    const two = request([spec([candidate('replicate')]), spec([candidate('replicate')])], { idempotency_key: 'b' });
    const first = await accept(pool, who, two);
    expect(first.ok.jobs).toHaveLength(2);
    expect((await accept(pool, who, two)).ok).toMatchObject({ replayed: true, batch_id: first.ok.batch_id });
  });

  test('batches of one account over the same lanes in another order never wait for each other in a circle', async () => {
    const lanes = ['ring-a', 'ring-b', 'ring-c', 'ring-d'];
    for (const lane of lanes) await makeKey(pool, lane);
    const batch = (order: string[]) => request(order.map((lane) => spec([candidate(lane)])));
    for (let round = 0; round < 15; round++) {
      const who = await makeAccount(pool, 1000);
      const orders = Array.from({ length: 8 }, (_, n) => (n % 2 ? lanes : lanes.toReversed()));
      const answers = await Promise.all(orders.map((order) => accept(pool, who, batch(order))));
      expect(codes(answers)).toEqual({ accepted: 8 });
    }
  });

  test('a key’s monthly cap is exact under a burst, and what was not spent comes back to it', async () => {
    const who = await makeAccount(pool, 10_000, { cap: 100 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => accept(pool, who, one())));
    expect(codes(answers)).toEqual({ accepted: 10, spend_cap_reached: 30 });
    await runLane(pool, 'replicate:platform', () => failed('input'));
    let ended = 10;
    while (ended > 0) ended = (await runLane(pool, 'replicate:platform', () => failed('input'))).length;
    expect(codes([await accept(pool, who, one())])).toEqual({ accepted: 1 });
  });

  test('the outstanding limit and the rate limit answer without a trace', async () => {
    const who = await makeAccount(pool, 1000);
    await pool.query('update darkroom.slots set max_outstanding = 3 where account_id = $1', [who.account]);
    expect(codes(await Promise.all(Array.from({ length: 10 }, () => accept(pool, who, one()))))).toEqual({
      accepted: 3,
      limit_reached: 7,
    });
    const fast = await makeAccount(pool, 1000);
    await pool.query('update darkroom.slots set rate_limit_per_minute = 4 where account_id = $1', [fast.account]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(pool, fast, one())));
    expect(codes(answers)).toEqual({ accepted: 4, rate_limited: 6 });
    expect(answers.find((a) => a.refusal)?.refusal?.retry_after).toBeGreaterThan(0);
  });

  test('nobody’s credential, a foreign account, a model that the key may not use', async () => {
    const who = await makeAccount(pool, 100, { models: ['imagen-4'] });
    const stranger = await makeAccount(pool, 100);
    const nobody = { account: '', credential: { kind: 'api_key', hash: sha256('nobody') } };
    expect((await accept(pool, nobody, one())).refusal?.code).toBe('unauthenticated');
    expect((await accept(pool, stranger, { ...one(), account_id: who.account })).refusal?.code).toBe('not_found');
    expect((await accept(pool, who, one())).refusal?.code).toBe('forbidden');
  });

  test('no usable key for any candidate is refused before any hold', async () => {
    const who = await makeAccount(pool, 100);
    const answer = await accept(pool, who, request([spec([candidate('nobody')])]));
    expect(answer.refusal).toMatchObject({ code: 'provider_key_missing', provider: 'nobody', operation: 'image' });
    expect(await balance(who)).toMatchObject({ available: 100, held: 0 });
  });

  test('a quote is used once, for its body, by its account', async () => {
    const who = await makeAccount(pool, 100);
    const body = one();
    const quote = (await rpc(pool, 'submit', 'quote', [who.credential, body])).ok;
    expect(quote).toMatchObject({ credits: 10, credits_max: 10, balance_after: 90 });
    const mismatch = await accept(pool, who, { ...body, request_hash: sha256('x'), quote_id: quote.id });
    expect(mismatch.refusal?.code).toBe('quote_mismatch');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => accept(pool, who, { ...body, quote_id: quote.id })),
    );
    expect(codes(answers)).toEqual({ accepted: 1, quote_expired: 7 });
  });

  test('an own key goes before the platform’s, costs the fee only, and never falls back to it silently', async () => {
    const who = await makeAccount(pool, 100);
    await makeKey(pool, 'fal', { account: who.account });
    const both = [candidate('replicate', { credits: 30 }), candidate('fal', { credits: 40 })];
    const { ok } = await accept(pool, who, request([spec(both)]));
    expect(ok.lanes).toEqual([`fal:user:${who.account}`]);
    expect(ok.jobs[0].credits).toEqual({ held: 0, charged: 0, refunded: 0 });
    const allowed = await accept(pool, who, request([spec(both, { routing: { allow_platform_key: true } })]));
    expect(allowed.ok.jobs[0].credits.held).toBe(30);
    await runLane(pool, `fal:user:${who.account}`, () => succeeded());
  });

  test('the hold is the dearest candidate, the charge that of the one that delivered', async () => {
    const who = await makeAccount(pool, 100);
    const cheap = candidate('replicate', { credits: 12, model: 'replicate/charge' });
    const { ok } = await accept(pool, who, request([spec([cheap, candidate('replicate', { credits: 40 })])]));
    expect(ok.jobs[0].credits.held).toBe(40);
    await drain();
    expect(await balance(who)).toMatchObject({ available: 88, held: 0, spent: 12 });
  });
});

async function drain() {
  while ((await runLane(pool, 'replicate:platform', () => succeeded())).length > 0);
}
