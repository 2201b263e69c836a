import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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

test.each([25, 1000])('a quote that many take at once is taken by one, with %i credits', async (credits) => {
  const who = await makeAccount(pool, credits);
  const body = request([spec(candidates)]);
  const quote = (await rpc(pool, 'submit', 'quote', [who.credential, { ...body, idempotency_hash: 'q' }])).ok;
  // All of them have found the quote good before the first one may take it.
  const gate = await pool.connect();
  await gate.query('begin');
  await gate.query('select from darkroom.slots where account_id = $1 for update', [who.account]);
  const taking = Array.from({ length: 5 }, () => accept(pool, who, { ...body, quote_id: quote.id }));
  const waiting =
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await vi.waitUntil(async () => (await pool.query(waiting)).rows[0].n === 5, { timeout: 10_000 });
  await gate.query('rollback');
  gate.release();
  const codes = (await Promise.all(taking)).map(({ refusal }) => refusal?.code ?? 'ok');
  expect(codes.toSorted()).toEqual(['ok', ...Array(4).fill('quote_expired')]);
});

test('a priority that nobody knows is an error, not an advantage', async () => {
  const who = await makeAccount(pool, 100);
  await expect(accept(pool, who, request([spec(candidates, { priority: 'urgent' })]))).rejects.toMatchObject({
    code: '23502',
  });
});
