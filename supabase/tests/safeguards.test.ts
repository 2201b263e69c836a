import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import { accept, candidate, makeAccount, makeKey, request, rpc, spec } from './fixtures.ts';

/** Each of these has another safeguard before or behind it; here it stands alone. */
let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
});
afterAll(() => pool.end());

/** One of two jobs of an account: what else it holds keeps its balances from saying no in a safeguard's place. */
async function heldJob(profile: string): Promise<string> {
  const who = await makeAccount(pool, 100);
  const submit = async () => (await accept(pool, who, request([spec([candidate(profile)])]))).ok.jobs[0].id;
  await submit();
  return submit();
}

/** Ends a hold as `conclude` does, but without looking at the job first. */
const endHold = async (job: string) =>
  (await pool.query<{ ended: boolean }>('select darkroom.end_hold($1, 4) as ended', [job])).rows[0]?.ended;

test('of ten ends of a hold at once one happens, and the others learn that they did not', async () => {
  const profile = randomUUID();
  await makeKey(pool, profile);
  const job = await heldJob(profile);
  const ends = await Promise.all(Array.from({ length: 10 }, () => endHold(job)));
  expect(ends.filter(Boolean)).toHaveLength(1);
  const { rows } = await pool.query("select amount from darkroom.entries where ref = $1 and ledger = 'spent'", [job]);
  expect(rows).toEqual([{ amount: '4' }]);
});

test('a second end of a hold cannot be written, even if its status was lost', async () => {
  const profile = randomUUID();
  await makeKey(pool, profile);
  const job = await heldJob(profile);
  await endHold(job);
  await pool.query("update darkroom.holds set status = 'held' where id = $1", [job]);
  await expect(endHold(job)).rejects.toMatchObject({ code: '23505' });
});

test('an account whose last part is handed out while it submits the next one stays in the lane', async () => {
  const profile = randomUUID();
  await makeKey(pool, profile);
  const who = await makeAccount(pool, 100);
  const claim = async () => (await rpc(pool, 'worker', 'claim', [`${profile}:platform`, 5])).ok.attempts;
  await accept(pool, who, request([spec([candidate(profile)])]));
  const submitting = await pool.connect();
  await submitting.query('begin; set local role submit');
  const next = JSON.stringify(request([spec([candidate(profile)])]));
  await submitting.query('select api.accept($1, $2)', [JSON.stringify(who.credential), next]);
  expect(await claim()).toHaveLength(1);
  await submitting.query('commit');
  submitting.release();
  expect(await claim()).toHaveLength(1);
});

test('under a caller’s account its role reads, changes and writes no row of another', async () => {
  await pool.query('grant darkroom_account to postgres');
  const profile = randomUUID();
  await makeKey(pool, profile);
  const [a, b] = [await makeAccount(pool, 100), await makeAccount(pool, 100)];
  for (const who of [a, b]) await accept(pool, who, request([spec([candidate(profile)])]));
  const client = await pool.connect();
  try {
    await client.query('begin; set local role darkroom_account');
    await client.query("select set_config('app.account_id', $1, true)", [b.account]);
    for (const table of ['jobs', 'slots', 'entries', 'holds', 'parts']) {
      const { rows } = await client.query(`select distinct account_id from darkroom.${table}`);
      expect([table, rows]).toEqual([table, [{ account_id: b.account }]]);
    }
    const taking = 'update darkroom.slots set available = available where account_id = $1';
    expect((await client.query(taking, [a.account])).rowCount).toBe(0);
    const forging = client.query('insert into darkroom.batches (account_id) values ($1)', [a.account]);
    await expect(forging).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.query('rollback');
    client.release();
  }
});

const stage = (candidates: unknown, outputs_per_part: unknown) => ({ candidates, outputs_per_part });
test.each<[unknown, boolean]>([
  [{ final: stage([{}], 1) }, true],
  [{ preview: stage([{}], 1), final: stage([{}, {}], 4) }, true],
  [{}, false],
  [['final'], false],
  [{ final: null }, false],
  [{ final: [] }, false],
  [{ final: { candidates: [{}] } }, false],
  [{ final: stage([], 1) }, false],
  [{ final: stage({}, 1) }, false],
  [{ final: stage([{}], 0) }, false],
  [{ final: stage([{}], 1.5) }, false],
  [{ final: stage([{}], '1') }, false],
  [{ preview: stage([], 1), final: stage([{}], 1) }, false],
])('a job cannot keep a stage without candidates, or one that nobody could cut: %j', async (stages, kept) => {
  const written = pool.query('select $1::jsonb::darkroom.stages', [JSON.stringify(stages)]);
  await (kept ? written : expect(written).rejects.toMatchObject({ code: '23514' }));
});

test.each([
  [37, "update darkroom.parts set lane = lane || 'x' where job_id = $1"],
  [38, 'update darkroom.holds set credits = credits + 1 where id = $1'],
])('invariant %i notices what a plan cannot have said', async (id, falsify) => {
  const profile = randomUUID();
  await makeKey(pool, profile);
  const job = await heldJob(profile);
  const client = await pool.connect();
  const broken = async () =>
    (await client.query('select id from darkroom.invariants() where id = $1 and violations > 0', [id])).rows;
  await client.query('begin');
  expect(await broken()).toEqual([]);
  await client.query(falsify, [job]);
  expect(await broken()).toEqual([{ id }]);
  await client.query('rollback');
  client.release();
});
