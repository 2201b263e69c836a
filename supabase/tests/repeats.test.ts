import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import {
  type Account,
  accept,
  callBack,
  candidate,
  endAttempt,
  failed,
  type Json,
  makeAccount,
  makeKey,
  request,
  rpc,
  spec,
  succeeded,
} from './fixtures.ts';
import { expectSound } from './sound.ts';

/** What is done again, late, or by two at once: leases, tries, results, quotes. */
let pool: Pool;
let who: Account;
beforeAll(async () => {
  pool = await freshDatabase();
  await makeKey(pool, 'replicate', { slots: 100 });
});
beforeEach(async () => {
  who = await makeAccount(pool, 1000);
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const started = async (options: Json = {}): Promise<Json> => {
  const { id } = (await accept(pool, who, request([spec([candidate('replicate')], options)]))).ok.jobs[0];
  const { attempts } = (await rpc(pool, 'worker', 'claim', ['replicate:platform', 10])).ok;
  return attempts.find((work: Json) => work.job_id === id);
};
const one = async (sql: string, ...values: unknown[]) => (await pool.query(sql, values)).rows[0];
const attempt = (work: Json) => one('select * from darkroom.attempts where id = $1', work.attempt_id);

describe('deliveries', () => {
  const due = async (clock: string) => (await rpc(pool, 'callback', 'due_deliveries', [500], clock)).ok as Json[];

  test('one that was leased and never sent has used up no try', async () => {
    const work = await started({ webhook_url: 'https://partner.test/hook', webhook_events: ['job.completed'] });
    await endAttempt(pool, work, succeeded());
    const ours = async (clock: string) => (await due(clock)).find(({ body }) => body.data.id === work.job_id);
    for (let minute = 0; minute < 24; minute += 2) expect(await ours(`${minute} min`)).toMatchObject({ attempt: 1 });
    const { id } = (await ours('30 min')) as Json;
    const answer = await rpc(pool, 'callback', 'record_delivery', [id, 1, { http_status: 500, ms: 1 }], '30 min');
    expect(answer.ok).toEqual({ status: 'pending' });
    expect(await ours('32 min')).toMatchObject({ id, attempt: 2 });
  });

  test('a try that ended when its message was superseded counts: sent again, it is another one', async () => {
    const work = await started({ webhook_url: 'https://partner.test/hook', webhook_events: ['job.completed'] });
    await endAttempt(pool, work, succeeded());
    const { id } = await one('select id from darkroom.deliveries where job_id = $1', work.job_id);
    const record = (number: number, http_status: number) =>
      rpc(pool, 'callback', 'record_delivery', [id, number, { http_status, ms: 1 }]);
    await pool.query(`update darkroom.deliveries set status = 'superseded', due_at = null where id = $1`, [id]);
    expect((await record(1, 500)).ok).toEqual({ status: 'superseded' });
    await rpc(pool, 'callback', 'replay_delivery', [who.credential, id, {}]);
    const again = (await rpc(pool, 'callback', 'due_deliveries', [500])).ok.find((due: Json) => due.id === id);
    expect(again).toMatchObject({ attempt: 2 });
    expect((await record(2, 200)).ok).toEqual({ status: 'delivered' });
    const { ok: shown } = await rpc(pool, 'callback', 'get_delivery', [who.credential, id]);
    expect(shown.attempts.map((each: Json) => each.http_status)).toEqual([500, 200]);
  });

  test('a try that two have sent counts once; the ninth wait is the last', async () => {
    const work = await started({ webhook_url: 'https://partner.test/hook', webhook_events: ['job.completed'] });
    await endAttempt(pool, work, succeeded());
    const { id } = await one('select id from darkroom.deliveries where job_id = $1', work.job_id);
    const record = async (number: number) =>
      (await rpc(pool, 'callback', 'record_delivery', [id, number, { http_status: 500, ms: 1 }])).ok.status;
    for (let number = 1; number <= 9; number++)
      expect([await record(number), await record(number)]).toEqual(Array(2).fill('pending'));
    expect(await record(10)).toBe('exhausted');
    expect(await one('select count(*)::int as tries from darkroom.delivery_tries where delivery_id = $1', id)).toEqual({
      tries: 10,
    });
  });
});

test('a check that is put off leaves the lease of whoever stores the result', async () => {
  const work = await started();
  await rpc(pool, 'worker', 'record_submission', [
    work.attempt_id,
    1,
    { outcome: 'submitted', request_id: work.attempt_id },
  ]);
  const leased = async () => (await rpc(pool, 'worker', 'open_verdict', [work.attempt_id, work.attempt_id])).ok.leased;
  expect(await leased()).toBe(true);
  await rpc(pool, 'worker', 'reschedule_check', [work.attempt_id, 1, 30]);
  expect(await leased()).toBe(false);
  await rpc(pool, 'worker', 'release_verdict', [work.attempt_id, 1, 5]);
  expect(await leased()).toBe(true);
});

test('a cancel is handed to one caller; a check follows that can tell the provider again', async () => {
  const work = await started();
  await rpc(pool, 'worker', 'record_submission', [
    work.attempt_id,
    1,
    { outcome: 'submitted', request_id: work.attempt_id },
  ]);
  await rpc(pool, 'submit', 'cancel_job', [who.credential, work.job_id, {}]);
  const claims = await Promise.all(
    Array.from({ length: 5 }, () => rpc(pool, 'worker', 'claim', ['replicate:platform', 1])),
  );
  expect(claims.flatMap(({ ok }) => ok.cancels.map((c: Json) => c.attempt_id))).toEqual([work.attempt_id]);
  const { ok } = await rpc(pool, 'worker', 'due_attempts', [500], '3 s');
  expect(ok.cancels).toEqual([]);
  expect(ok.attempts).toMatchObject([{ attempt_id: work.attempt_id, cancel_requested: true }]);
});

test('what a provider delivers for a deleted job is not kept', async () => {
  const work = await started();
  await rpc(pool, 'submit', 'cancel_job', [who.credential, work.job_id, {}]);
  await rpc(pool, 'submit', 'delete_job', [who.credential, work.job_id]);
  const { event, outputs } = succeeded();
  const stored = outputs.map((output: Json) => ({ ...output, public_id: 'darkroom/late', text: 'a fox' }));
  await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, 1, { event, outputs: stored }]);
  await callBack(pool, { ...work, event });
  const late =
    'select url, text, public_id, destroy_at <= darkroom.now() as due from darkroom.outputs where job_id = $1';
  expect(await one(late, work.job_id)).toEqual({ url: null, text: null, public_id: 'darkroom/late', due: true });
  expect((await rpc(pool, 'worker', 'due_attempts', [500])).ok.assets).toMatchObject([{ public_id: 'darkroom/late' }]);
});

test('custom endpoints may use a request id again, a vendor may not', async () => {
  const [first, second] = [await started(), await started()];
  const submitted = (work: Json) =>
    rpc(pool, 'worker', 'record_submission', [work.attempt_id, 1, { outcome: 'submitted', request_id: '1' }]);
  expect((await submitted(first as Json)).ok.recorded).toBe(true);
  await expect(submitted(second as Json)).rejects.toThrow(/unique/);
  await pool.query(`update darkroom.attempts set lane = lane || '@0123456789abcdef' where job_id = $1`, [
    second?.job_id,
  ]);
  expect((await submitted(second as Json)).ok.recorded).toBe(true);
  expect(await attempt(second as Json)).toMatchObject({ provider_request_id: '1', status: 'submitted' });
  for (const work of [first, second]) await endAttempt(pool, work as Json, failed('input'));
});

describe('a quote under an idempotency key', () => {
  const body = request([spec([candidate('fal'), candidate('replicate', { credits: 8 })])], {
    idempotency_key: 'q',
    idempotency_hash: 'h',
  });
  const quote = () => rpc(pool, 'submit', 'quote', [who.credential, body]);

  test('is one, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, quote));
    expect(new Set(answers.map(({ ok }) => ok.id)).size).toBe(1);
    expect(answers.filter(({ ok }) => !ok.replayed)).toHaveLength(1);
  });

  test('stays what it was, although nobody could pay for it now', async () => {
    const key = await makeKey(pool, 'fal');
    const { ok: made } = await quote();
    expect(made).toMatchObject({ provider: 'fal', credits: 10, alternatives: [{ provider: 'replicate', credits: 8 }] });
    await pool.query('update darkroom.provider_api_keys set deleted_at = now() where id = $1', [key]);
    expect((await quote()).ok).toEqual({ ...made, replayed: true });
  });
});
