import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import {
  type Account,
  accept,
  candidate,
  type Json,
  makeAccount,
  makeKey,
  request,
  rpc,
  sha256,
  spec,
} from './fixtures.ts';
import { addKey, makeApiKey, makePerson } from './keys/people.ts';
import { expectSound } from './sound.ts';

/** The answer to a submission is put together without asking for the job: it must say what asking would. */
let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
  await makeKey(pool, 'replicate', { slots: 1000 });
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const candidates = [candidate('replicate'), candidate('replicate', { model: 'replicate/two', credits: 25 })];

async function expectAsShown(who: Account, body: Json): Promise<Json[]> {
  const { ok } = await accept(pool, who, body);
  for (const job of ok.jobs) {
    const shown = (await rpc(pool, 'submit', 'get_job', [who.credential, job.id])).ok;
    expect(job).toEqual({ ...shown, queue_position: null });
  }
  return ok.jobs;
}

test.each<[string, Json]>([
  ['a plain one', {}],
  ['several outputs, one a part', { count: 4 }],
  ['a preview first', { preview: 'hold', stages: ['preview', 'final'].map((stage) => ({ stage, candidates })) }],
  ['only a preview', { preview: 'only', stages: [{ stage: 'preview', candidates }] }],
  ['both, by itself', { preview: 'auto', stages: ['preview', 'final'].map((stage) => ({ stage, candidates })) }],
  [
    'everything that can be said',
    {
      priority: 'high',
      end_user: 'ann',
      metadata: { order: 7, nested: { a: [1, 2.5] } },
      warnings: ['flux-dev retires.'],
      webhook_url: 'https://example.com/hook',
      webhook_events: ['job.completed'],
      eta_seconds: null,
      deadline_seconds: 5,
      deadline_set: true,
      considered: [{ provider: 'fal', provider_model: 'x', outcome: 'left_out', reason: 'is among routing.ignore' }],
    },
  ],
  ['an order of its own', { routing: { order: ['replicate/two'] } }],
  ['a low priority', { priority: 'low' }],
])('%s', async (_, options) => {
  const who = await makeAccount(pool, 1000);
  const [job] = await expectAsShown(who, request([spec(candidates, options)]));
  expect(job?.routing.considered.length).toBeGreaterThanOrEqual(2);
});

test('a batch', async () => {
  const who = await makeAccount(pool, 1000);
  const jobs = await expectAsShown(who, request([spec(candidates), spec(candidates, { count: 2 }), spec(candidates)]));
  expect(jobs.map(({ credits }) => credits.held)).toEqual([25, 50, 25]);
  expect(new Set(jobs.map(({ batch_id }) => batch_id)).size).toBe(1);
});

test('a free one', async () => {
  const who = await makeAccount(pool, 0);
  await expectAsShown(who, request([spec([candidate('replicate', { credits: 0 })])]));
});

test('with a key of one’s own, and what became of the platform’s', async () => {
  const who = await makePerson(pool, 1000);
  await addKey(pool, who, 'replicate');
  const [job] = await expectAsShown(who, request([spec(candidates)]));
  expect(job?.routing.considered[0]).toMatchObject({ reason: 'key of: user' });
  expect(job?.credits.held).toBe(0);
});

test('with a client token: for its own user', async () => {
  const who = await makePerson(pool, 1000);
  const app = await makeApiKey(pool, who, { scopes: ['jobs', 'keys'] });
  const hash = sha256(who.account);
  const body = { user_ref: 'ann', scopes: ['jobs'], expires_in: 600 };
  await rpc(pool, 'keys', 'create_client_token', [app.credential, body, hash, {}]);
  const ann = { account: who.account, credential: { kind: 'client_token', hash } };
  const [job] = await expectAsShown(ann, request([spec(candidates, { end_user: 'bob' })]));
  expect(job?.end_user).toBe('ann');
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

test.each([false, true])('a record names what was made, and nothing else (as a batch: %s)', async (batch) => {
  const who = await makeAccount(pool, 100);
  const { ok } = await accept(pool, who, request([spec(candidates)], { batch, idempotency_key: 'one' }));
  const { rows } = await pool.query('select kind, object_ids from darkroom.requests where account_id = $1', [
    who.account,
  ]);
  const ids = ok.jobs.map(({ id }: Json) => id);
  expect(rows).toEqual([
    batch ? { kind: 'batch', object_ids: [ok.batch_id, ...ids] } : { kind: 'job', object_ids: ids },
  ]);
});

test('a quote that many take at once is taken by one', async () => {
  const who = await makeAccount(pool, 1000);
  const body = request([spec(candidates)]);
  const quoting = { ...body, idempotency_hash: 'q' };
  const quote = (await rpc(pool, 'submit', 'quote', [who.credential, quoting])).ok;
  const taking = () => accept(pool, who, { ...body, quote_id: quote.id });
  const answers = await Promise.all(Array.from({ length: 20 }, taking));
  expect(answers.map(({ refusal }) => refusal?.code ?? 'ok').toSorted()).toEqual([
    'ok',
    ...Array(19).fill('quote_expired'),
  ]);
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

test('a priority that nobody knows is an error, not an advantage', async () => {
  const who = await makeAccount(pool, 100);
  await expect(accept(pool, who, request([spec(candidates, { priority: 'urgent' })]))).rejects.toMatchObject({
    code: '23502',
  });
});
