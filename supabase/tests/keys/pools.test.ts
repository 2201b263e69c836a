import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import {
  type Account,
  accept,
  candidate,
  endAttempt,
  type Json,
  makeAccount,
  makeKey,
  request,
  rpc,
  spec,
  succeeded,
} from '../fixtures.ts';
import { codeOf, keys, makeOperator, makePerson, must } from './people.ts';

let pool: Pool;
let who: Account;
let operator: Account;
let profile: string;
let n = 0;
beforeAll(async () => {
  pool = await freshDatabase();
  operator = await makeOperator(pool);
  who = await makeAccount(pool, 1_000_000);
});
beforeEach(() => {
  profile = `pool-${++n}`;
});
afterAll(() => pool.end());

const five = (options: Json = {}) =>
  Promise.all(Array.from({ length: 5 }, () => makeKey(pool, profile, { slots: 1000, ...options })));
const strategy = (name: string) =>
  must(keys(pool, 'put_key_pool', [operator.credential, { profile, scope: 'platform', strategy: name }]));
const submit = async (count: number) => {
  for (let left = count; left > 0; left -= 100)
    await accept(
      pool,
      who,
      request(
        Array.from({ length: Math.min(100, left) }, () => spec([candidate(profile)])),
        { batch: true },
      ),
    );
};

/** How often each key was picked, after `jobs` jobs under `parallel` claims at a time. */
async function picks(jobs: number, parallel = 25): Promise<Record<string, number>> {
  await submit(jobs);
  const picked: Record<string, number> = {};
  for (let taken = -1; taken !== 0; ) {
    const claims = await Promise.all(
      Array.from({ length: parallel }, () => rpc(pool, 'worker', 'claim', [`${profile}:platform`, 10])),
    );
    const works: Json[] = claims.flatMap((c) => c.ok.attempts);
    for (const { key_id } of works) picked[key_id] = (picked[key_id] ?? 0) + 1;
    taken = works.length;
  }
  return picked;
}
const spread = (picked: Record<string, number>, ids: string[]) => {
  const counts = ids.map((id) => picked[id] ?? 0);
  return Math.max(...counts) - Math.min(...counts);
};
const total = (picked: Record<string, number>) => Object.values(picked).reduce((a, b) => a + b, 0);

test.each(['least_used', 'round_robin'])(
  '%s: 1,000 parallel picks from five keys differ by at most one; none of a cooled or a disabled key',
  async (name) => {
    const ids = await five();
    const [cooled, disabled, off] = await Promise.all([1, 2, 3].map(() => makeKey(pool, profile, { slots: 1000 })));
    await pool.query(`insert into darkroom.key_cooldowns values ($1, $2, now() + interval '1 hour')`, [
      cooled,
      `${profile}/one`,
    ]);
    await pool.query(`update darkroom.provider_api_keys set state = 'disabled' where id = $1`, [disabled]);
    await pool.query('update darkroom.provider_api_keys set is_active = false where id = $1', [off]);
    await strategy(name);
    const picked = await picks(1000);
    expect(total(picked)).toBe(1000);
    expect(spread(picked, ids)).toBeLessThanOrEqual(1);
    expect(Object.keys(picked).sort()).toEqual([...ids].sort());
    expect([cooled, disabled, off].map((id) => picked[id as string])).toEqual([undefined, undefined, undefined]);
  },
);

test('least used: priority first; round robin: everybody’s turn, whatever their priority', async () => {
  const [first] = await five({ priority: 5 });
  const low = await makeKey(pool, profile, { slots: 1000, priority: 1 });
  expect((await picks(30))[low]).toBeUndefined();
  await strategy('round_robin');
  const picked = await picks(60);
  expect([picked[low], picked[first as string]]).toEqual([10, 10]);
});

test('a key’s limit holds, and the rest goes to the others', async () => {
  const ids = await five();
  await pool.query('update darkroom.provider_api_keys set max_concurrency = 3 where id = $1', [ids[0]]);
  const picked = await picks(103);
  expect(picked[ids[0] as string]).toBe(3);
  expect(spread(picked, ids.slice(1))).toBeLessThanOrEqual(1);
});

test('while one key cools and another is full, work waits for the full one, and nobody asks again for nothing', async () => {
  const [cooled, full] = [await makeKey(pool, profile), await makeKey(pool, profile, { slots: 1 })];
  await pool.query(`insert into darkroom.key_cooldowns values ($1, $2, now() + interval '1 hour')`, [
    cooled,
    `${profile}/one`,
  ]);
  await makeKey(pool, `${profile}-dear`);
  const [lane, dear] = [candidate(profile), candidate(`${profile}-dear`, { credits: 90 })];
  await accept(pool, who, request([spec([lane, dear]), spec([lane, dear])], { batch: true }));
  const claim = async () => (await rpc(pool, 'worker', 'claim', [`${profile}:platform`, 10])).ok;
  const first = await claim();
  expect(first.attempts).toMatchObject([{ key_id: full }]);
  expect(await claim()).toMatchObject({ attempts: [], lanes: [] });
  await endAttempt(pool, first.attempts[0], succeeded());
  expect((await claim()).attempts).toMatchObject([{ key_id: full, provider_model: `${profile}/one` }]);
});

test('a paused key is none to wait for: while the other cools, work goes to the next route', async () => {
  const [cooled] = [await makeKey(pool, profile), await makeKey(pool, profile, { slots: 0 })];
  await pool.query(`insert into darkroom.key_cooldowns values ($1, $2, now() + interval '1 hour')`, [
    cooled,
    `${profile}/one`,
  ]);
  const dear = await makeKey(pool, `${profile}-dear`);
  await accept(pool, who, request([spec([candidate(profile), candidate(`${profile}-dear`, { credits: 90 })])]));
  const claim = async (lane: string) => (await rpc(pool, 'worker', 'claim', [`${lane}:platform`, 10])).ok;
  expect(await claim(profile)).toMatchObject({ attempts: [], lanes: [`${profile}-dear:platform`] });
  expect((await claim(`${profile}-dear`)).attempts).toMatchObject([{ key_id: dear }]);
});

test('while one key is full, the end of another’s cool-down wakes the lane, and no sooner', async () => {
  const [cooled, full] = [await makeKey(pool, profile), await makeKey(pool, profile, { slots: 1 })];
  await pool.query(`insert into darkroom.key_cooldowns values ($1, $2, now() + interval '1 minute')`, [
    cooled,
    `${profile}/one`,
  ]);
  await submit(2);
  const lane = `${profile}:platform`;
  const claim = async (clock: string) => (await rpc(pool, 'worker', 'claim', [lane, 10], clock)).ok.attempts;
  expect(await claim('0 s')).toMatchObject([{ key_id: full }]);
  expect(await claim('1 s')).toEqual([]);
  const woken = async (clock: string) =>
    (await rpc(pool, 'worker', 'due_attempts', [500], clock)).ok.lanes.includes(lane);
  expect([await woken('50 s'), await woken('61 s')]).toEqual([false, true]);
  expect(await claim('61 s')).toMatchObject([{ key_id: cooled }]);
});

test('a route whose keys are full or cooling leaves the room of the others to other routes', async () => {
  const cooled = await makeKey(pool, profile, { slots: 40 });
  await makeKey(pool, profile, { slots: 1 });
  const route = (model: string) => spec([candidate(profile, { model: `${profile}/${model}` })]);
  await pool.query(`insert into darkroom.key_cooldowns values ($1, $2, now() + interval '1 hour')`, [
    cooled,
    `${profile}/one`,
  ]);
  const other = await makeAccount(pool, 1000);
  await accept(pool, who, request([route('one'), route('one'), route('one')], { batch: true }));
  await accept(
    pool,
    other,
    request(
      Array.from({ length: 9 }, () => route('two')),
      { batch: true },
    ),
  );
  const claim = async () => (await rpc(pool, 'worker', 'claim', [`${profile}:platform`, 3])).ok;
  let started = 0;
  for (let claims = 0, woken = true; woken; claims++) {
    expect(claims).toBeLessThan(12);
    const { attempts, lanes } = await claim();
    started += attempts.length;
    woken = lanes.length > 0;
  }
  expect(started).toBe(10);
});

test.each(['least_used', 'round_robin'])(
  '%s: a key that joins or comes back shares from then on, and is not flooded',
  async (name) => {
    const ids = await five();
    await strategy(name);
    const back = ids[4] as string;
    await pool.query(`update darkroom.provider_api_keys set state = 'disabled' where id = $1`, [back]);
    await picks(400);
    await pool.query(`update darkroom.provider_api_keys set state = 'active' where id = $1`, [back]);
    const joined = await makeKey(pool, profile, { slots: 1000 });
    expect(spread(await picks(60), [...ids, joined])).toBeLessThanOrEqual(1);
  },
);

test('pools are listed with their keys; only whoever manages the scope changes one', async () => {
  const ids = await five();
  const person = await makePerson(pool);
  const put = (scope: string) =>
    keys(pool, 'put_key_pool', [person.credential, { profile, scope, strategy: 'round_robin' }]);
  expect(codeOf(await put('platform'))).toBe('forbidden');
  expect(await must(put('user'))).toEqual({
    profile,
    object: 'key_pool',
    scope: 'user',
    scope_id: person.account,
    strategy: 'round_robin',
    keys: [],
  });
  const { data } = await must(keys(pool, 'list_key_pools', [operator.credential, { scope: 'platform' }]));
  const mine = data.find((p: Json) => p.profile === profile);
  expect(mine).toMatchObject({ scope: 'platform', scope_id: null, strategy: 'least_used' });
  expect([...mine.keys].sort()).toEqual([...ids].sort());
});
