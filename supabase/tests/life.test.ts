import type { Pool } from 'pg';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
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
  runLane,
  spec,
  succeeded,
} from './fixtures.ts';
import { expectSound } from './sound.ts';

const pool: Pool = await freshDatabase();
const lane = 'replicate:platform';
let who: Account;
let key: string;

beforeEach(async () => {
  await pool.query('update darkroom.provider_api_keys set deleted_at = now() where deleted_at is null');
  key = await makeKey(pool, 'replicate');
  who = await makeAccount(pool, 1000);
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const submit = async (options: Json = {}, candidates = [candidate('replicate')]): Promise<Json> =>
  (await accept(pool, who, request([spec(candidates, options)]))).ok.jobs[0];
const job = async (id: string) => (await rpc(pool, 'submit', 'get_job', [who.credential, id])).ok;
const credits = async () => (await rpc(pool, 'submit', 'credits', [who.credential, null])).ok;
const claim = async (name = lane, clock?: string) => (await rpc(pool, 'worker', 'claim', [name, 10], clock)).ok;
const sweep = (clock?: string) => rpc(pool, 'callback', 'sweep', [500], clock);
const stages = (finals = [candidate('replicate', { credits: 50 })]) => [
  { stage: 'preview', candidates: [candidate('replicate', { credits: 10 })] },
  { stage: 'final', candidates: finals },
];

describe('attempts', () => {
  test('a claim starts an attempt before anybody calls the provider, and never hands it out again', async () => {
    await submit();
    const [work] = (await claim()).attempts;
    expect(work).toMatchObject({ status: 'starting', fence: 1, key_id: key });
    expect((await claim(lane, '2 hours')).attempts).toEqual([]);
    await rpc(pool, 'worker', 'due_attempts', [500], '2 minutes');
    expect((await job(work.job_id)).attempts).toMatchObject([{ status: 'submission_unknown' }]);
    expect((await claim(lane, '2 hours')).attempts).toEqual([]);
  });

  test('twenty verdicts at once: one stands, one settlement', async () => {
    const { id } = await submit();
    const [work] = (await claim()).attempts;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => rpc(pool, 'worker', 'record_verdict', [work.attempt_id, 1, succeeded()])),
    );
    expect(answers.filter((a) => a.ok.recorded)).toHaveLength(1);
    const message = { attempt_id: work.attempt_id, event: 'succeeded', fence: 1 };
    const applied = await Promise.all(Array.from({ length: 20 }, () => callBack(pool, message)));
    expect(applied.filter((a) => a.ok.result === 'applied')).toHaveLength(1);
    expect(await job(id)).toMatchObject({ status: 'completed', credits: { held: 0, charged: 10, refunded: 0 } });
    expect(await credits()).toMatchObject({ available: 990, spent: 10 });
  });

  test('a stale fence, another event, an unknown attempt: nothing is consumed', async () => {
    await submit();
    const [work] = (await claim()).attempts;
    expect((await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, 7, succeeded()])).ok.recorded).toBe(false);
    expect((await callBack(pool, { attempt_id: work.attempt_id, event: 'succeeded', fence: 1 })).refusal?.code).toBe(
      'conflict',
    );
    await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, 1, succeeded()]);
    expect((await callBack(pool, { attempt_id: work.attempt_id, event: 'failed', fence: 1 })).refusal?.code).toBe(
      'conflict',
    );
    expect((await callBack(pool, { attempt_id: work.attempt_id, event: 'succeeded', fence: 2 })).refusal?.code).toBe(
      'conflict',
    );
    expect((await callBack(pool, { attempt_id: 'att_none', event: 'succeeded', fence: 1 })).refusal?.code).toBe(
      'not_found',
    );
    const { rows } = await pool.query('select from darkroom.consumed_messages where body->>$1 = $2', [
      'attempt_id',
      work.attempt_id,
    ]);
    expect(rows).toHaveLength(0);
    expect((await callBack(pool, { attempt_id: work.attempt_id, event: 'succeeded', fence: 1 })).ok.result).toBe(
      'applied',
    );
  });

  test('a definite failure goes to the next candidate; moderation and bad input end the job', async () => {
    const two = [
      candidate('replicate', { model: 'a/first' }),
      candidate('replicate', { model: 'b/second', credits: 7 }),
    ];
    const { id } = await submit({}, two);
    await runLane(pool, lane, () => failed('failed'));
    const [second] = await runLane(pool, lane, () => succeeded());
    expect(second?.provider_model).toBe('b/second');
    expect(await job(id)).toMatchObject({ status: 'completed', credits: { charged: 7, refunded: 3 } });
    const refused = await submit({}, two);
    await runLane(pool, lane, () => failed('moderation'));
    expect(await job(refused.id)).toMatchObject({
      status: 'failed',
      credits: { charged: 0, refunded: 10 },
      error: { code: 'provider_failed' },
    });
  });

  test('a refused submission is retried three times, later each time; a verified failure never', async () => {
    const { id } = await submit();
    const clocks = ['0 s', '1 minute', '2 minutes', '3 minutes'];
    for (const clock of clocks) {
      await rpc(pool, 'worker', 'due_attempts', [500], clock);
      expect(await runLane(pool, lane, () => failed('refused'), clock)).toHaveLength(1);
    }
    expect(await job(id)).toMatchObject({ status: 'failed', credits: { refunded: 10 } });
    expect((await job(id)).attempts).toHaveLength(4);
    const once = await submit();
    await runLane(pool, lane, () => failed('failed'));
    expect(await job(once.id)).toMatchObject({ status: 'failed', attempts: [{ number: 1 }] });
  });

  test('429 cools the key for that route and the next key of the pool takes over; 401 takes a key out with its reason', async () => {
    const other = await makeKey(pool, 'replicate', { priority: -1 });
    const { id } = await submit();
    const [first] = await runLane(pool, lane, () =>
      failed('rate_limited', { key_state: 'cooling', retry_after_seconds: 60 }),
    );
    const [second] = await runLane(pool, lane, () =>
      failed('key', { key_state: 'disabled', key_reason: 'Invalid token' }),
    );
    expect([first?.key_id, second?.key_id]).toEqual([key, other]);
    expect((await claim()).attempts).toEqual([]);
    const { rows } = await pool.query('select state, state_reason from darkroom.provider_api_keys where id = $1', [
      other,
    ]);
    expect(rows).toEqual([{ state: 'disabled', state_reason: 'Invalid token' }]);
    await rpc(pool, 'worker', 'due_attempts', [500], '90 s');
    await runLane(pool, lane, () => succeeded(), '90 s');
    expect(await job(id)).toMatchObject({ status: 'completed', credits: { charged: 10 } });
  });

  test('with no key left in service a waiting part fails at once, with the provider’s reason', async () => {
    const { id } = await submit();
    await pool.query(
      `update darkroom.provider_api_keys set state = 'out_of_credit', state_reason = 'Balance is 0' where id = $1`,
      [key],
    );
    const { ended } = await claim();
    expect(ended).toHaveLength(1);
    await callBack(pool, ended[0]);
    expect(await job(id)).toMatchObject({
      status: 'failed',
      error: { code: 'provider_out_of_credit', message: 'Balance is 0' },
      credits: { refunded: 10 },
    });
  });

  test.each([
    [{ duration_seconds: 5 }, { charged: 125, refunded: 625 }, '0.10', 0],
    [{ duration_seconds: 4.51 }, { charged: 113, refunded: 637 }, '0.0902', 0],
    [{ duration_seconds: 90 }, { charged: 750, refunded: 0 }, '1.80', 1500],
    [{}, { charged: 750, refunded: 0 }, '0.6', 0],
  ])(
    'where its own length counts, %j is charged and paid for as long as it is',
    async (length, expected, usd, waste) => {
      const priced = { credits: 750, more: { cost_usd: 0.6, per_second: { credits: 25, usd: 0.02 } } };
      const { id } = await submit({}, [candidate('replicate', priced)]);
      const { event, outputs } = succeeded();
      await runLane(pool, lane, () => ({ event, outputs: [{ ...outputs[0], ...length }] }));
      expect((await job(id)).credits).toEqual({ held: 0, ...expected });
      const sums = `select c.usd::text, e.waste::int from darkroom.provider_costs c join darkroom.hold_ends e on e.hold_id = c.job_id where c.job_id = $1`;
      const [row] = (await pool.query(sums, [id])).rows;
      expect([Number(row.usd), row.waste]).toEqual([Number(usd), waste]);
    },
  );

  test('more than was asked for is not charged, however long it is', async () => {
    const priced = { credits: 750, more: { per_second: { credits: 25, usd: 0.02 } } };
    const { id } = await submit({}, [candidate('replicate', priced)]);
    const { event, outputs } = succeeded(2);
    const lengths = [5, 9];
    await runLane(pool, lane, () => ({
      event,
      outputs: outputs.map((output: Json, n: number) => ({ ...output, duration_seconds: lengths[n] })),
    }));
    expect((await job(id)).credits).toEqual({ held: 0, charged: 125, refunded: 625 });
  });

  test('a count is cut into parts; what was delivered is charged, with a warning for the rest', async () => {
    const { id } = await submit({ count: 3 });
    let n = 0;
    expect(await runLane(pool, lane, () => (n++ === 1 ? failed('moderation') : succeeded()))).toHaveLength(3);
    const done = await job(id);
    expect(done).toMatchObject({ status: 'completed', credits: { charged: 20, refunded: 10 } });
    expect(done.outputs).toHaveLength(2);
    expect(done.warnings[0]).toMatch('1 of 3');
  });
});

describe('previews', () => {
  test('auto: preview, then the final; the price is the final’s', async () => {
    const { id } = await submit({ preview: 'auto', stages: stages() });
    await runLane(pool, lane, () => succeeded());
    expect(await job(id)).toMatchObject({
      status: 'generating_final',
      outputs: [{ stage: 'preview' }],
      credits: { held: 50 },
    });
    await runLane(pool, lane, () => succeeded());
    expect(await job(id)).toMatchObject({ status: 'completed', credits: { charged: 50, refunded: 0 } });
    expect((await job(id)).outputs).toHaveLength(2);
  });

  test('hold: approve starts the final and its deadline; reject charges the preview', async () => {
    const { id } = await submit({ preview: 'hold', stages: stages() });
    await runLane(pool, lane, () => succeeded());
    expect(await job(id)).toMatchObject({ status: 'preview_ready', deadline_at: null });
    expect((await rpc(pool, 'submit', 'review_job', [who.credential, id, 'approve', {}])).ok.job.status).toBe(
      'generating_final',
    );
    expect((await rpc(pool, 'submit', 'review_job', [who.credential, id, 'approve', {}])).refusal?.code).toBe(
      'invalid_state',
    );
    await runLane(pool, lane, () => failed('failed'));
    expect(await job(id)).toMatchObject({
      status: 'failed',
      credits: { charged: 0, refunded: 50 },
      outputs: [{ stage: 'preview' }],
    });
    const other = await submit({ preview: 'hold', stages: stages() });
    await runLane(pool, lane, () => succeeded());
    await rpc(pool, 'submit', 'review_job', [who.credential, other.id, 'reject', {}]);
    expect(await job(other.id)).toMatchObject({
      status: 'canceled',
      credits: { charged: 10, refunded: 40 },
      error: null,
    });
  });

  test('a preview held for a day counts as rejected', async () => {
    const { id } = await submit({ preview: 'hold', stages: stages() });
    await runLane(pool, lane, () => succeeded());
    await sweep('23 hours 59 minutes');
    expect((await job(id)).status).toBe('preview_ready');
    await sweep('24 hours 1 minute');
    expect(await job(id)).toMatchObject({ status: 'canceled', credits: { charged: 10, refunded: 40 } });
  });

  test('only: the preview is the product', async () => {
    const { id } = await submit({ preview: 'only', stages: stages().slice(0, 1) });
    await runLane(pool, lane, () => succeeded());
    expect(await job(id)).toMatchObject({
      status: 'completed',
      credits: { charged: 10 },
      outputs: [{ stage: 'preview' }],
    });
  });
});

describe('ends', () => {
  test('cancel gives everything back once, however often and in parallel', async () => {
    const { id } = await submit();
    const [work] = (await claim()).attempts;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => rpc(pool, 'submit', 'cancel_job', [who.credential, id, {}])),
    );
    expect(new Set(answers.map((a) => a.ok.job.status))).toEqual(new Set(['canceled']));
    expect(await credits()).toMatchObject({ available: 1000, held: 0, spent: 0 });
    const told = await rpc(pool, 'worker', 'record_submission', [
      work.attempt_id,
      1,
      { outcome: 'submitted', request_id: work.attempt_id },
    ]);
    expect(told.ok).toEqual({ recorded: true, cancel_requested: true });
    await endAttempt(pool, work, succeeded());
    expect(await job(id)).toMatchObject({ status: 'canceled', outputs: [], credits: { charged: 0, refunded: 10 } });
  });

  test('cancel races completion: one of them wins, the books hold', async () => {
    for (let i = 0; i < 10; i++) {
      const { id } = await submit();
      const [work] = (await claim()).attempts;
      await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, 1, succeeded()]);
      await Promise.all([
        callBack(pool, { attempt_id: work.attempt_id, event: 'succeeded', fence: 1 }),
        rpc(pool, 'submit', 'cancel_job', [who.credential, id, {}]),
        sweep('1 minute'),
      ]);
      const end = await job(id);
      expect(end.credits.charged).toBe(end.status === 'completed' ? 10 : 0);
      expect(end.outputs).toHaveLength(end.status === 'completed' ? 1 : 0);
    }
  });

  test('a job that never started expires at its deadline, without grace', async () => {
    const { id } = await submit({ deadline_seconds: 5, deadline_set: true });
    await sweep('4 s');
    expect((await job(id)).status).toBe('queued');
    await sweep('6 s');
    expect(await job(id)).toMatchObject({
      status: 'expired',
      started_at: null,
      credits: { refunded: 10 },
      error: { code: 'expired' },
    });
  });

  test('for 30 s after the deadline a success still counts, and then no more', async () => {
    const late = await submit({ deadline_seconds: 5 });
    const lost = await submit({ deadline_seconds: 5 });
    const [first, second] = (await claim()).attempts;
    await sweep('6 s');
    expect((await job(late.id)).status).toBe('processing');
    await endAttempt(pool, first, succeeded(), '20 s');
    expect(await job(late.id)).toMatchObject({ status: 'completed', credits: { charged: 10 } });
    await sweep('40 s');
    expect(await job(lost.id)).toMatchObject({ status: 'expired', credits: { charged: 0, refunded: 10 } });
    await endAttempt(pool, second, succeeded(), '50 s');
    expect(await job(lost.id)).toMatchObject({ status: 'expired', outputs: [], credits: { charged: 0 } });
  });

  test('a lost attempt keeps its slot until the route’s longest run is over; then its cost is waste', async () => {
    await submit({ deadline_seconds: 5 });
    const [work] = (await claim()).attempts;
    await rpc(pool, 'worker', 'record_submission', [work.attempt_id, 1, { outcome: 'unknown' }]);
    await sweep('6 s');
    await sweep('40 s');
    await rpc(pool, 'worker', 'due_attempts', [500], '4 minutes');
    expect((await job(work.job_id)).attempts[0].status).toBe('submission_unknown');
    const due = await rpc(pool, 'worker', 'due_attempts', [500], '6 minutes');
    expect(due.ok.ended.map((e: Json) => e.attempt_id)).toContain(work.attempt_id);
    const { rows } = await pool.query('select waste from darkroom.provider_costs where attempt_id = $1', [
      work.attempt_id,
    ]);
    expect(rows).toEqual([{ waste: true }]);
    await sweep('7 minutes');
  });

  test('a verdict whose callback never came is applied by the sweep, and the late message is a duplicate', async () => {
    const { id } = await submit();
    const [work] = (await claim()).attempts;
    await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, 1, succeeded()]);
    await sweep('10 s');
    expect((await job(id)).status).toBe('completed');
    expect((await callBack(pool, { attempt_id: work.attempt_id, event: 'succeeded', fence: 1 })).ok.result).toBe(
      'duplicate',
    );
  });

  test('a refund lowers what is charged, at most to zero, once per key', async () => {
    const admin = await makeAccount(pool, 0, { scopes: ['jobs', 'billing', 'admin'] });
    const { id } = await submit();
    await runLane(pool, lane, () => succeeded());
    const body = { idempotency_key: 'r1', request_hash: 'h', job_id: id, credits: 4, reason: 'blurred' };
    await Promise.all(Array.from({ length: 5 }, () => rpc(pool, 'submit', 'refund_job', [admin.credential, body])));
    expect((await job(id)).credits).toEqual({ held: 0, charged: 6, refunded: 4 });
    const more = await rpc(pool, 'submit', 'refund_job', [
      admin.credential,
      { ...body, idempotency_key: 'r2', credits: 7 },
    ]);
    expect(more.refusal?.code).toBe('invalid_input');
    expect(
      (await rpc(pool, 'submit', 'refund_job', [who.credential, { ...body, idempotency_key: 'r3' }])).refusal?.code,
    ).toBe('forbidden');
  });
});
