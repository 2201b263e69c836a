import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import { accept, candidate, type Json, makeAccount, makeKey, request, rpc, spec } from './fixtures.ts';
import { expectSound } from './sound.ts';

/** What a refusal leaves behind, and which one it is. */
let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
  await makeKey(pool, 'replicate', { slots: 1000 });
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

test.each([
  ['0 s', 60],
  ['59.5 s', 1],
  ['-3 s', 60],
  ['90 s', 1],
])('of a minute that began %s ago %i seconds are left: never none, never more than it has', async (ago, left) => {
  const { rows } = await pool.query('select darkroom.seconds_left(now() - $1::interval, now()) as left', [ago]);
  expect(rows).toEqual([{ left }]);
});

const rowsOf = async () =>
  (
    await pool.query(`select (select count(*) from darkroom.jobs) as jobs, (select count(*) from darkroom.parts) as parts,
      (select count(*) from darkroom.holds) as holds, (select count(*) from darkroom.entries) as entries,
      (select count(*) from darkroom.outbox) as wakes, (select count(*) from darkroom.batches) as batches,
      (select count(*) from darkroom.lane_accounts) as waiting, (select count(*) from darkroom.requests where refusal is null) as records`)
  ).rows[0];

test.each<[string, Json, Json[]]>([
  ['one that costs too much', {}, [spec([candidate('replicate', { credits: 11 })])]],
  [
    'a batch of which the last is too much',
    {},
    [4, 4, 4].map((credits) => spec([candidate('replicate', { credits })])),
  ],
  ['over the cap of its key', { cap: 5 }, [spec([candidate('replicate', { credits: 6 })])]],
  ['a batch over the cap of its key', { cap: 5 }, [3, 3].map((credits) => spec([candidate('replicate', { credits })]))],
])('what is refused leaves nothing but its record: %s', async (name, options, jobs) => {
  const who = await makeAccount(pool, 10, options);
  const before = await rowsOf();
  const body = request(jobs, { idempotency_key: name });
  const refused = (await accept(pool, who, body)).refusal;
  expect(refused?.code).toMatch(/insufficient_credits|spend_cap_reached/);
  expect(await rowsOf()).toEqual(before);
  expect((await accept(pool, who, body)).refusal).toEqual({ ...refused, replayed: true });
});

test('a limit that passes is no answer to keep: the same request goes through later', async () => {
  const who = await makeAccount(pool, 100);
  await pool.query('update darkroom.slots set max_outstanding = 1 where account_id = $1', [who.account]);
  const first = await accept(pool, who, request([spec([candidate('replicate')])]));
  const body = request([spec([candidate('replicate')])], { idempotency_key: 'later' });
  expect((await accept(pool, who, body)).refusal?.code).toBe('limit_reached');
  await rpc(pool, 'submit', 'cancel_job', [who.credential, first.ok.jobs[0].id, { request_hash: '' }]);
  expect((await accept(pool, who, body)).ok).toMatchObject({ replayed: false });
});

test('a refusal that the locked slot says takes its record back', async () => {
  const who = await makeAccount(pool, 100);
  await pool.query('update darkroom.slots set rate_limit_per_minute = 1 where account_id = $1', [who.account]);
  await accept(pool, who, request([spec([candidate('replicate')])]));
  const before = await rowsOf();
  const body = request([spec([candidate('replicate')])], { idempotency_key: 'soon' });
  expect((await accept(pool, who, body)).refusal).toMatchObject({ code: 'rate_limited' });
  expect(await rowsOf()).toEqual(before);
  await pool.query('update darkroom.slots set rate_limit_per_minute = 9 where account_id = $1', [who.account]);
  expect((await accept(pool, who, body)).ok).toMatchObject({ replayed: false });
});

test('of several reasons to refuse, the one that passes by itself is named, and is not kept', async () => {
  const who = await makeAccount(pool, 10);
  await pool.query('update darkroom.slots set rate_limit_per_minute = 1 where account_id = $1', [who.account]);
  await accept(pool, who, request([spec([candidate('replicate', { credits: 5 })])]));
  const body = request([spec([candidate('replicate')])], { idempotency_key: 'both' });
  expect((await accept(pool, who, body)).refusal?.code).toBe('rate_limited');
  await pool.query("select darkroom.issue($1, 100, 'purchase', 'top-up', null, 'test')", [who.account]);
  const later = await rpc(pool, 'submit', 'accept', [who.credential, body], '61 s');
  expect(later.ok).toMatchObject({ replayed: false });
});

test('a busy minute is over after a minute, whatever the limit is by then', async () => {
  const who = await makeAccount(pool, 30);
  for (let n = 0; n < 3; n++) await accept(pool, who, request([spec([candidate('replicate')])]));
  await pool.query('update darkroom.slots set rate_limit_per_minute = 2 where account_id = $1', [who.account]);
  const late = await rpc(pool, 'submit', 'accept', [who.credential, request([spec([candidate('replicate')])])], '1 h');
  expect(late.refusal?.code).toBe('insufficient_credits');
});

test('what is refused waits for no claim that has its account in hand', async () => {
  const who = await makeAccount(pool, 10);
  const { ok } = await accept(pool, who, request([spec([candidate('replicate')])]));
  await rpc(pool, 'submit', 'cancel_job', [who.credential, ok.jobs[0].id, { request_hash: '' }]);
  const claim = await pool.connect();
  await claim.query('begin');
  await claim.query('select from darkroom.lane_accounts where account_id = $1 for update', [who.account]);
  const dear = request([spec([candidate('replicate', { credits: 11 })])]);
  expect((await accept(pool, who, dear)).refusal?.code).toBe('insufficient_credits');
  await claim.query('rollback');
  claim.release();
});
