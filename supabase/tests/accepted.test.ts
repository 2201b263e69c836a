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
