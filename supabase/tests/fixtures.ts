import { createHash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { planOf } from '../../shared/catalog/plan.ts';
import { acceptedFrom } from '../../shared/db/submit.ts';

/** Rows that a test starts from, and the API functions called as the Worker that may call them. */
// biome-ignore lint/suspicious/noExplicitAny: rows of a test are looked into, not typed
export type Json = Record<string, any>;
export type Worker = 'submit' | 'worker' | 'callback' | 'keys';
// biome-ignore lint/suspicious/noExplicitAny: as above
export type Answer = { ok?: any; refusal?: Json };
export type Account = { account: string; credential: Json };

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Calls `api.<name>` in a transaction of its own under the Worker's role, as PostgREST does. `clock` moves SQL's time. */
export async function rpc(pool: Pool, role: Worker, name: string, args: unknown[], clock?: string): Promise<Answer> {
  const client = await pool.connect();
  try {
    await client.query(`begin; set local role ${role}`);
    if (clock !== undefined) await client.query(`select set_config('darkroom.clock_offset', $1, true)`, [clock]);
    const marks = args.map((_, i) => `$${i + 1}`).join(', ');
    const values = args.map((arg) => (arg !== null && typeof arg === 'object' ? JSON.stringify(arg) : arg));
    const { rows } = await client.query(`select api.${name}(${marks}) as answer`, values);
    await client.query('commit');
    return rows[0].answer;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

export async function makeAccount(pool: Pool, credits: number, options: Json = {}): Promise<Account> {
  const secret = randomUUID();
  const { rows } = await pool.query(
    `with a as (select darkroom.open_account('user', 'test') as id)
     insert into darkroom.api_keys (account_id, hash, prefix, scopes, monthly_credit_cap, allowed_models)
     select a.id, $1, 'dk_test', $2, $3, $4 from a returning account_id`,
    [sha256(secret), options.scopes ?? ['jobs', 'billing', 'webhooks'], options.cap ?? null, options.models ?? null],
  );
  const account = rows[0].account_id as string;
  if (credits > 0) await pool.query(`select darkroom.issue($1, $2, 'promo', 'test', null, 'test')`, [account, credits]);
  return { account, credential: { kind: 'api_key', hash: sha256(secret) } };
}

/** A platform key, as the environment's mirror would write it. Returns its id. */
export async function makeKey(pool: Pool, provider: string, options: Json = {}): Promise<string> {
  const { rows } = await pool.query(
    `insert into darkroom.provider_api_keys (provider_name, provider_key, owner_kind, owner_id, account_id, last4, fingerprint, max_concurrency, priority)
     values ($1, $2, $3, $4, $5, 'abcd', $6, $7, $8) returning id`,
    [
      provider,
      options.profile ?? null,
      options.account ? 'user' : 'platform',
      options.account ?? 'platform',
      options.account ?? null,
      randomUUID(),
      options.slots ?? 10,
      options.priority ?? 0,
    ],
  );
  return rows[0].id;
}

export function candidate(provider: string, options: Json = {}): Json {
  return {
    provider,
    provider_model: options.model ?? `${provider}/one`,
    profiles: [options.profile ?? provider],
    rank: 0,
    outputs_per_call: 1,
    longest_seconds: 300,
    credits: options.credits ?? 10,
    fee_credits: 0,
    cost_usd: 0.01,
    price_version: '2026-11-01',
    ...options.more,
  };
}

export function spec(candidates: Json[], options: Json = {}): Json {
  const { stages = [{ stage: 'final', candidates }], ...rest } = options;
  const named = stages.map(({ stage, candidates: some }: Json) => [stage, some]);
  return {
    considered: [],
    metadata: {},
    warnings: [],
    deadline_set: false,
    model: 'flux-dev',
    requested_model: 'flux-dev',
    operation: 'image',
    input: { prompt: 'a red fox' },
    count: 1,
    preview: 'none',
    priority: 'normal',
    deadline_seconds: 600,
    routing: {},
    eta_seconds: 5,
    ...planOf(named, options.count ?? 1),
    ...rest,
  };
}

export const request = (jobs: Json[], options: Json = {}): Json => ({
  batch: jobs.length > 1,
  request_hash: sha256(JSON.stringify(jobs)),
  jobs,
  ...options,
});

/** As `submit` calls it, which shows jobs that were just accepted without asking for them. */
export async function accept(pool: Pool, who: Account, body: Json): Promise<Answer> {
  const answer = await rpc(pool, 'submit', 'accept', [who.credential, body]);
  return answer.ok ? { ok: acceptedFrom(answer.ok, body as Parameters<typeof acceptedFrom>[1]) } : answer;
}

/** Claims, and lets every attempt end with `verdict`, through the callback that the worker would send. */
export async function runLane(
  pool: Pool,
  lane: string,
  verdict: (work: Json) => Json,
  clock?: string,
): Promise<Json[]> {
  const claim = (await rpc(pool, 'worker', 'claim', [lane, 10], clock)).ok;
  for (const work of claim.attempts) await endAttempt(pool, work, verdict(work), clock);
  for (const ended of claim.ended) await callBack(pool, ended, clock);
  return claim.attempts;
}

export async function endAttempt(pool: Pool, work: Json, verdict: Json, clock?: string): Promise<void> {
  await rpc(pool, 'worker', 'record_verdict', [work.attempt_id, work.fence, verdict], clock);
  await callBack(pool, { attempt_id: work.attempt_id, event: verdict.event, fence: work.fence }, clock);
}

export const callBack = (pool: Pool, m: Json, clock?: string) =>
  rpc(pool, 'callback', 'apply_callback', [`cb_${m.attempt_id}_${m.event}`, m.attempt_id, m.event, m.fence], clock);

export const succeeded = (count = 1): Json => ({
  event: 'succeeded',
  outputs: Array.from({ length: count }, (_, n) => ({
    n,
    kind: 'image',
    url: `https://x.test/${n}`,
    content_type: 'image/png',
    bytes: 10,
  })),
});
export const failed = (kind: string, more: Json = {}): Json => ({
  event: 'failed',
  outputs: [],
  error: { class: kind, code: 'provider_failed', message: 'It failed.', retryable: true },
  ...more,
});
