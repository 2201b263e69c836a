import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import {
  accept,
  callBack,
  candidate,
  failed,
  type Json,
  makeAccount,
  makeKey,
  request,
  rpc,
  runLane,
  spec,
  succeeded,
} from './fixtures.ts';
import { expectSound } from './sound.ts';

let pool: Pool;
let profile: string;
let n = 0;
const lane = () => `${profile}:platform`;

beforeAll(async () => {
  pool = await freshDatabase();
});
beforeEach(() => {
  profile = `lane-${++n}`;
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const body = (options: Json = {}) => request([spec([candidate(profile, options.candidate)], options)]);
const claim = async (max = 1) => (await rpc(pool, 'worker', 'claim', [lane(), max])).ok;
const finish = async (work: Json) => {
  await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, work.fence, succeeded()]);
  await callBack(pool, { attempt_id: work.attempt_id, event: 'succeeded', fence: work.fence });
};

test('with one slot an account’s high job overtakes its queued low ones', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const who = await makeAccount(pool, 1000);
  for (let i = 0; i < 5; i++) await accept(pool, who, body({ priority: 'low', end_user: `low${i}` }));
  const high = (await accept(pool, who, body({ priority: 'high' }))).ok.jobs[0].id;
  const [first] = (await claim(5)).attempts;
  expect(first.job_id).toBe(high);
  expect((await claim(5)).attempts).toEqual([]);
  await finish(first);
  expect((await claim(5)).attempts).toHaveLength(1);
});

test('an account with 1,000 queued high jobs does not hold up another’s single low one', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const busy = await makeAccount(pool, 100_000);
  const small = await makeAccount(pool, 100);
  for (let i = 0; i < 20; i++)
    await accept(
      pool,
      busy,
      request(Array.from({ length: 50 }, () => spec([candidate(profile)], { priority: 'high' }))),
    );
  const { id } = (await accept(pool, small, body({ priority: 'low' }))).ok.jobs[0];
  const served: string[] = [];
  for (let i = 0; i < 3; i++) {
    const [work] = (await claim()).attempts;
    served.push(work.job_id);
    await finish(work);
  }
  expect(served.slice(0, 2)).toContain(id);
});

test('a job says how many are handed out before it, and so they are', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const accounts = await Promise.all(Array.from({ length: 4 }, () => makeAccount(pool, 1000)));
  const waiting: { id: string; credential: Json }[] = [];
  for (const priority of ['low', 'normal', 'high', 'normal', 'low'])
    for (const who of accounts.slice(0, waiting.length % 3 === 0 ? 4 : 2)) {
      const { id } = (await accept(pool, who, body({ priority }))).ok.jobs[0];
      waiting.push({ id, credential: who.credential });
    }
  const predicted = new Map<string, number>();
  for (const { id, credential } of waiting)
    predicted.set(id, (await rpc(pool, 'submit', 'get_job', [credential, id])).ok.queue_position);
  const served: string[] = [];
  for (let i = 0; i < waiting.length; i++) {
    const [work] = (await claim()).attempts;
    served.push(work.job_id);
    await finish(work);
  }
  expect(served.map((id) => predicted.get(id))).toEqual(served.map((_, place) => place));
  const [done] = waiting;
  expect((await rpc(pool, 'submit', 'get_job', [done?.credential, done?.id])).ok.queue_position).toBeNull();
});

test('before a preview stand all finals of its lane', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const [who, other] = [await makeAccount(pool, 1000), await makeAccount(pool, 1000)];
  const stages = [{ stage: 'preview', candidates: [candidate(profile)] }];
  const { id } = (await accept(pool, who, body({ preview: 'only', stages }))).ok.jobs[0];
  for (let i = 0; i < 3; i++) await accept(pool, other, body());
  expect((await rpc(pool, 'submit', 'get_job', [who.credential, id])).ok.queue_position).toBe(3);
});

test('finals go before previews', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const who = await makeAccount(pool, 1000);
  await accept(pool, who, body({ preview: 'only', stages: [{ stage: 'preview', candidates: [candidate(profile)] }] }));
  const final = (await accept(pool, who, body())).ok.jobs[0].id;
  expect((await claim()).attempts[0].job_id).toBe(final);
});

test('a freed slot wakes the lane when somebody waits, and only then', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const who = await makeAccount(pool, 1000);
  await accept(pool, who, body());
  await accept(pool, who, body());
  const [first] = (await claim(5)).attempts;
  const freed = await rpc(pool, 'worker', 'record_verdict', [first.attempt_id, 1, succeeded()]);
  expect(freed.ok.lanes).toEqual([lane()]);
  const [second] = (await claim(5)).attempts;
  expect((await rpc(pool, 'worker', 'record_verdict', [second.attempt_id, 1, succeeded()])).ok.lanes).toEqual([]);
});

test('a mass cancel leaves nobody behind who waits at its end', async () => {
  await makeKey(pool, profile, { slots: 50 });
  for (let i = 0; i < 20; i++) await accept(pool, await makeAccount(pool, 100), body());
  await pool.query(
    `select darkroom.conclude(p.job_id, 'canceled') from darkroom.parts p where p.lane = $1 order by p.account_id`,
    [lane()],
  );
  const last = (await accept(pool, await makeAccount(pool, 100), body())).ok.jobs[0].id;
  const handedOut: string[] = [];
  for (let again = true, rounds = 0; again && rounds < 20; rounds++) {
    const { attempts, lanes } = await claim(2);
    handedOut.push(...attempts.map((work: Json) => work.job_id));
    again = lanes.includes(lane());
  }
  expect(handedOut).toEqual([last]);
});

test('a lost wake-up is sent again by the sweep until a claim has looked at the lane', async () => {
  await makeKey(pool, profile);
  await accept(pool, await makeAccount(pool, 100), body());
  const due = async (clock: string) => (await rpc(pool, 'worker', 'due_attempts', [500], clock)).ok.lanes;
  expect(await due('1 s')).not.toContain(lane());
  expect(await due('6 s')).toContain(lane());
  expect(await due('20 s')).toContain(lane());
  await runLane(pool, lane(), () => succeeded());
  expect(await due('40 s')).not.toContain(lane());
});

test('400 jobs of 10 accounts under 10 parallel claimers: each handed out once, never more than the keys have slots, none stranded', async () => {
  await makeKey(pool, profile, { slots: 7 });
  await makeKey(pool, profile, { slots: 5 });
  const accounts = await Promise.all(Array.from({ length: 10 }, () => makeAccount(pool, 100_000)));
  const handed = new Map<string, number>();
  let running = 0;
  let most = 0;
  const worker = async () => {
    for (let idle = 0; idle < 40 && handed.size < 400; ) {
      const { attempts } = await claim(3);
      if (attempts.length === 0) {
        idle++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      running += attempts.length;
      most = Math.max(most, running);
      for (const work of attempts) handed.set(work.job_id, (handed.get(work.job_id) ?? 0) + 1);
      for (const work of attempts) {
        running--;
        await finish(work);
      }
    }
  };
  const submitter = async (who: Awaited<ReturnType<typeof makeAccount>>) => {
    for (let i = 0; i < 40; i++) await accept(pool, who, body());
  };
  await Promise.all([...accounts.map(submitter), ...Array.from({ length: 10 }, worker)]);
  const count = (work: Json) => {
    handed.set(work.job_id, (handed.get(work.job_id) ?? 0) + 1);
    return succeeded();
  };
  while ((await runLane(pool, lane(), count)).length > 0);
  expect(handed.size).toBe(400);
  expect(Math.max(...handed.values())).toBe(1);
  expect(most).toBeLessThanOrEqual(12);
});

test('keys of a pool: priority first, then fewest picks', async () => {
  const low = await makeKey(pool, profile, { slots: 1000, priority: -5 });
  const pool5 = await Promise.all(Array.from({ length: 5 }, () => makeKey(pool, profile, { slots: 100 })));
  const who = await makeAccount(pool, 100_000);
  await accept(pool, who, request(Array.from({ length: 50 }, () => spec([candidate(profile)]))));
  while ((await runLane(pool, lane(), () => failed('input'))).length > 0);
  const { rows } = await pool.query('select id, picks::int from darkroom.provider_api_keys where provider_name = $1', [
    profile,
  ]);
  const picks = new Map(rows.map((r) => [r.id, r.picks]));
  expect(pool5.map((id) => picks.get(id))).toEqual([10, 10, 10, 10, 10]);
  expect(picks.get(low)).toBe(0);
});

test('the plans of the hot queries use their indexes with 20,000 parts stored', async () => {
  await makeKey(pool, profile, { slots: 1 });
  const who = await makeAccount(pool, 100_000);
  const { id } = (await accept(pool, who, body())).ok.jobs[0];
  await pool.query(
    `insert into darkroom.parts (job_id, account_id, stage, number, outputs, kind, priority, lane, status)
     select $1, $2, 'final', n, 1, 1, 1, $3, 'delivered' from generate_series(1, 20000) n`,
    [id, who.account, lane()],
  );
  await pool.query('analyze darkroom.parts');
  const { rows } = await pool.query(
    `explain (format json) select id from darkroom.parts where lane = $1 and kind = 1 and account_id = $2 and status = 'waiting'
      order by priority desc, enqueued_at, id limit 5`
      .replace('$1', `'${lane()}'`)
      .replace('$2', `'${who.account}'`),
  );
  expect(JSON.stringify(rows)).toContain('parts_waiting');
  await pool.query('delete from darkroom.parts where job_id = $1 and number > 0', [id]);
});
