import pg from 'pg';
import type { Bench } from '../bench.ts';
import type { Ratio, Row } from '../row.ts';
import { fillAccounts } from '../sql/accounts.ts';
import { accept, claim, settle, type Work } from '../sql/api.ts';
import { cloneJobs } from '../sql/clone-jobs.ts';
import type { Database } from '../sql/server.ts';
import { compare } from '../statistics.ts';

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
const names = Object.keys(QUEUES) as Queue[];

/** One lane's claims, five parts each, with the backlog kept as it is. Only the claim itself is timed. */
export const row: Row = {
  id: 10,
  name: 'claim',
  async run(bench) {
    const databases = await makeQueues(bench);
    const clients = await eachQueue(({ superuser }) => connect(superuser), databases);
    const { short, long, wide, owned } = await measure(clients, bench.quick ? 5 : 9, bench.quick ? 50 : 200);
    await eachQueue((client) => client.end(), clients);
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
  const { ids } = await accept(template.pool, 1, PROVIDER);
  await server.settle(template);
  bench.log(`  filling ${names.length} queues, up to ${MANY} waiting`);
  const databases = new Map<Queue, Database>();
  for (const name of names) databases.set(name, await server.create(`claim_${name}`, template));
  await Promise.all(names.map((name) => fillQueue(databases.get(name) as Database, name, ids[0])));
  return Object.fromEntries(databases) as Record<Queue, Database>;
}

async function fillQueue({ pool }: Database, name: Queue, job: string): Promise<void> {
  const { waiting: count, account } = QUEUES[name];
  await cloneJobs(pool, { job, count, account, series: 'b' });
  for (let n = 0; n < 10; n++) await claimAndRefill(pool);
  await pool.query('vacuum analyze');
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  // Plans are made at a session's first calls.
  for (let n = 0; n < 5; n++) await claimAndRefill(client);
  return client;
}

/**
 * Claims per second of each round. The queues take turns claim by claim: a claim is short, and the machine's moods are not. Each turn
 * begins with another one, and none has two in a row: the second would find everything in the processor's caches.
 */
async function measure(clients: Record<Queue, pg.Client>, rounds: number, claims: number) {
  const rates: Record<Queue, number[]> = { short: [], long: [], wide: [], owned: [] };
  for (let round = 0; round < rounds; round++) {
    const ms: Record<Queue, number> = { short: 0, long: 0, wide: 0, owned: 0 };
    for (let turn = 0; turn < claims; turn++) {
      const first = turn % names.length;
      for (const name of [...names.slice(first), ...names.slice(0, first)])
        ms[name] += await claimAndRefill(clients[name]);
    }
    for (const name of names) rates[name].push((claims / ms[name]) * 1000);
  }
  return rates;
}

async function eachQueue<From, To>(act: (from: From) => Promise<To>, from: Record<Queue, From>) {
  const made = await Promise.all(names.map(async (name) => [name, await act(from[name])]));
  return Object.fromEntries(made) as Record<Queue, To>;
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
