import pg from 'pg';
import type { Bench } from '../bench.ts';
import type { Row } from '../row.ts';
import { fillAccounts } from '../sql/accounts.ts';
import { accept, claim, settle } from '../sql/api.ts';
import { cloneJobs } from '../sql/clone-jobs.ts';
import type { Database } from '../sql/server.ts';
import { compare, interleave } from '../statistics.ts';

const ACCOUNTS = 10_000;
const FEW = 10_000;
const CLIENTS = 8;
/** A lane and a key for each client: claims of one lane wait for each other, whatever is stored. */
const PROVIDERS = Array.from({ length: CLIENTS }, (_, client) => `growth-${client}`);

/** A job from accept over claim and verdict to its settled hold, with few and with many finished jobs stored. */
export const row: Row = {
  id: 9,
  name: 'growth',
  async run(bench) {
    const many = bench.quick ? 100_000 : 1_000_000;
    const [young, old] = await makeDatabases(bench, many);
    const [few, stored] = await Promise.all([openSessions(young), openSessions(old)]);
    const seconds = bench.quick ? 1 : 3;
    const { measured, against } = await interleave(bench.quick ? 8 : 21, {
      against: () => jobsPerSecond(few, seconds),
      measured: () => jobsPerSecond(stored, seconds),
    });
    await Promise.all([...few, ...stored].map((client) => client.end()));
    const note = `${many.toLocaleString('en')} jobs stored against ${FEW.toLocaleString('en')}, ${CLIENTS} clients`;
    return [{ ...compare(measured, against), unit: 'jobs/s', aim: { least: 0.95 }, note }];
  },
};

async function makeDatabases(bench: Bench, many: number): Promise<[Database, Database]> {
  const server = await bench.databases();
  const young = await server.create('growth_young');
  await fillAccounts(young.pool, ACCOUNTS, PROVIDERS);
  const job = await finishOne(young.pool, 1, 0);
  await server.settle(young);
  const old = await server.create('growth_old', young);
  bench.log(`  storing ${FEW} and ${many} finished jobs`);
  const account = `1 + (n - 1) % ${ACCOUNTS}`;
  await cloneJobs(young.pool, { job, count: FEW, account, series: 'a' });
  await cloneJobs(old.pool, { job, count: many, account, series: 'a' });
  for (const { pool } of [young, old]) await warmUp(pool);
  return [young, old];
}

/** The queues' tables are empty so far: some work first, then statistics of tables in use, as autovacuum keeps them. */
async function warmUp(pool: pg.Pool): Promise<void> {
  for (let n = 0; n < 200; n++) await finishOne(pool, 1 + n, n % CLIENTS);
  await pool.query('vacuum analyze');
}

/** Answers the job's id. */
async function finishOne(client: Pick<pg.ClientBase, 'query'>, account: number, lane: number): Promise<string> {
  const provider = PROVIDERS[lane] as string;
  const { ids } = await accept(client, account, provider);
  const works = await claim(client, provider, 1);
  if (works.length !== 1) throw new Error(`A claim of ${provider} took ${works.length} parts, not 1`);
  for (const work of works) await settle(client, work);
  return ids[0];
}

/** One for each client, kept for all rounds: plans are made at a session's first calls. */
async function openSessions({ superuser }: Database): Promise<pg.Client[]> {
  const clients = PROVIDERS.map(() => new pg.Client({ connectionString: superuser }));
  await Promise.all(clients.map((client) => client.connect()));
  await jobsPerSecond(clients, 1);
  return clients;
}

async function jobsPerSecond(clients: pg.Client[], seconds: number): Promise<number> {
  const begin = performance.now();
  const finish = async (client: pg.Client, lane: number) => {
    for (let count = 0; ; count++) {
      if (performance.now() - begin >= seconds * 1000) return count;
      await finishOne(client, 1 + Math.floor(Math.random() * ACCOUNTS), lane);
    }
  };
  const counts = await Promise.all(clients.map(finish));
  const elapsed = (performance.now() - begin) / 1000;
  return counts.reduce((sum, count) => sum + count, 0) / elapsed;
}
