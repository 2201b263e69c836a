import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { fillAccounts } from '../bench/sql/accounts.ts';
import { accept, claim, settle } from '../bench/sql/api.ts';
import { cloneJobs } from '../bench/sql/clone-jobs.ts';
import { plansOf } from '../bench/sql/plans.ts';
import { credential } from '../bench/sql/requests.ts';
import { violations } from '../bench/sql/sound.ts';
import { freshDatabase } from './fresh-database.ts';

const JOBS = 100_000;
const ACCOUNTS = 1000;
const PROVIDER = 'plans';
/**
 * Tables that grow with what is stored or with who is there; the others have a handful of rows. `lane_accounts` is none of them here: where
 * it is read without an index, it is asked whether a lane has anybody at all, and the first row answers.
 */
const BIG =
  'accounts api_keys attempts consumed_messages entries hold_ends holds job_events jobs outputs parts provider_costs requests slots';

let url: string;
let client: pg.Client;
let job: string;

beforeAll(async () => {
  url = await superuserUrl();
  const pool = new pg.Pool({ connectionString: url });
  await fillAccounts(pool, ACCOUNTS, [PROVIDER]);
  job = (await accept(pool, 1, PROVIDER)).ids[0];
  for (const work of await claim(pool, PROVIDER, 1)) await settle(pool, work);
  const everybody = `1 + n % ${ACCOUNTS}`;
  await cloneJobs(pool, { job, count: JOBS, account: everybody, series: 'a' });
  const { ids } = await accept(pool, 1, PROVIDER);
  await cloneJobs(pool, { job: ids[0], count: 5000, account: everybody, series: 'b' });
  await pool.end();
  client = new pg.Client({ connectionString: url });
  await client.connect();
}, 300_000);

afterAll(async () => {
  await client.end();
  expect((await violations(url)).names).toEqual([]);
}, 120_000);

/** Filling tables by hand takes a superuser. */
async function superuserUrl(): Promise<string> {
  const fresh = await freshDatabase();
  const { rows } = await fresh.query<{ name: string }>('select current_database() as name');
  await fresh.end();
  return Object.assign(new URL(inject('database').superuser_url), { pathname: `/${rows[0]?.name}` }).href;
}

const asked = (text: string, values: unknown[]) => () => client.query(text, values);
const settleOne = async () => {
  const [work] = await claim(client, PROVIDER, 1);
  return plansOf(client, () => settle(client, work as NonNullable<typeof work>));
};

test.each([
  ['accept', 'api_keys_hash_key slots_pkey', () => plansOf(client, () => accept(client, 7, PROVIDER))],
  ['claim', 'parts_waiting parts_running', () => plansOf(client, () => claim(client, PROVIDER, 5))],
  ['a verdict and its callback', 'attempts_pkey holds_pkey slots_pkey', settleOne],
  ['get_job', 'jobs_pkey', () => plansOf(client, asked('select api.get_job($1, $2)', [credential(1), job]))],
  [
    'list_jobs',
    'jobs_account_id_id_idx',
    () => plansOf(client, asked('select api.list_jobs($1, $2)', [credential(1), { limit: 20 }])),
  ],
  [
    'the sweep of callback',
    'attempts_due jobs_deadline_at_idx',
    () => plansOf(client, asked('select api.sweep($1)', [100])),
  ],
  ['the sweep of worker', 'attempts_due', () => plansOf(client, asked('select api.due_attempts($1)', [100]))],
])(
  `%s goes by its indexes with ${JOBS} jobs stored, and reads no big table from end to end`,
  async (_, wanted, plans) => {
    const { indexes, scanned } = await plans();
    const missing = wanted.split(' ').filter((index) => !indexes.has(index));
    const read = BIG.split(' ').filter((table) => scanned.has(table));
    expect({ missing, read }, `indexes: ${[...indexes].join(', ')}`).toEqual({ missing: [], read: [] });
  },
);
