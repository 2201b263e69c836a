import pg from 'pg';
import type { Bench } from '../bench.ts';
import type { Ratio, Row } from '../row.ts';
import { fillAccounts } from '../sql/accounts.ts';
import { accept, claim, settle, type Work } from '../sql/api.ts';
import { cloneJobs } from '../sql/clone-jobs.ts';
import type { Database } from '../sql/server.ts';
import { compare, interleave } from '../statistics.ts';

const ACCOUNTS = 10_000;
const MANY = 100_000;
const AT_ONCE = 5;
const PROVIDER = 'claim';

/** Queues that differ in one thing at a time. `account`: who owns the n-th waiting part. */
const QUEUES = {
  short: { waiting: 100, account: '1 + n % 10' },
  long: { waiting: MANY, account: '1 + n % 10' },
  wide: { waiting: MANY, account: `1 + n % ${ACCOUNTS}` },
  owned: { waiting: MANY, account: `case when n % 100 = 0 then 2 + (n / 100) % (${ACCOUNTS} - 1) else 1 end` },
};
type Queue = keyof typeof QUEUES;

/** One lane's claims, five parts each, with the backlog kept as it is. Only the claim itself is timed. */
export const row: Row = {
  id: 10,
  name: 'claim',
  async run(bench) {
    const databases = await makeQueues(bench);
    const claims = bench.quick ? 50 : 200;
    const side = (queue: Queue) => () => claimsPerSecond(databases[queue], claims);
    const { short, long, wide, owned } = await interleave(bench.quick ? 5 : 9, {
      short: side('short'),
      long: side('long'),
      wide: side('wide'),
      owned: side('owned'),
    });
    const ratio = (name: string, measured: number[], against: number[]): Ratio => {
      return { name, ...compare(measured, against), unit: 'claims/s', aim: { least: 0.9 } };
    };
    return [
      ratio('100,000 waiting ÷ 100', long, short),
      ratio('over 10,000 accounts ÷ over 10', wide, long),
      ratio('one owning 99 % ÷ evenly owned', owned, wide),
    ];
  },
};

async function makeQueues(bench: Bench): Promise<Record<Queue, Database>> {
  const server = await bench.databases();
  const template = await server.create('claim_template');
  await fillAccounts(template.pool, ACCOUNTS, [PROVIDER]);
  const { jobs } = await accept(template.pool, 1, PROVIDER);
  await server.settle(template);
  const names = Object.keys(QUEUES) as Queue[];
  bench.log(`  filling ${names.length} queues, up to ${MANY} waiting`);
  const databases = new Map<Queue, Database>();
  for (const name of names) databases.set(name, await server.create(`claim_${name}`, template));
  await Promise.all(names.map((name) => fillQueue(databases.get(name) as Database, name, jobs[0].id)));
  return Object.fromEntries(databases) as Record<Queue, Database>;
}

async function fillQueue({ pool }: Database, name: Queue, job: string): Promise<void> {
  const { waiting: count, account } = QUEUES[name];
  await cloneJobs(pool, { job, count, account, series: 'b' });
  for (let n = 0; n < 10; n++) await claimAndRefill(pool);
  await pool.query('vacuum analyze');
}

async function claimsPerSecond({ superuser }: Database, claims: number): Promise<number> {
  const client = new pg.Client({ connectionString: superuser });
  await client.connect();
  try {
    // Plans are made at a session's first calls.
    await claimAndRefill(client);
    let ms = 0;
    for (let n = 0; n < claims; n++) ms += await claimAndRefill(client);
    return (claims / ms) * 1000;
  } finally {
    await client.end();
  }
}

/** Milliseconds of the claim. What it took is finished, and each account gets another job for it. */
async function claimAndRefill(client: Pick<pg.ClientBase, 'query'>): Promise<number> {
  const begin = performance.now();
  const works = await claim(client, PROVIDER, AT_ONCE);
  const ms = performance.now() - begin;
  if (works.length !== AT_ONCE) throw new Error(`A claim took ${works.length} parts, not ${AT_ONCE}`);
  for (const work of works) {
    await settle(client, work);
    await accept(client, numberOf(work), PROVIDER);
  }
  return ms;
}

const numberOf = ({ account_id: id }: Work) => Number.parseInt(id.slice(5), 16);
