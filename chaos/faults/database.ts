import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { answerInstead, dropAfter, dropBefore, truncate } from '../acts.ts';
import { superuserUrl } from '../database.ts';
import type { World } from '../world.ts';
import { control, type Fault, lie, rpc, WRITES } from './fault.ts';

/** Between the Workers and PostgreSQL. */
export const databaseFaults: Fault[] = [
  { name: '01-crash-before-commit', per200: 3, inject: (world, _random, name) => killTransactions(world, name) },
  {
    name: '02-committed-answer-lost',
    per200: 14,
    inject: (world, random, name) =>
      lie(world, name, { seam: 'supabase', matches: rpc(random.pick(WRITES)), act: dropAfter }),
  },
  {
    name: '03-commit-acknowledgement-cut',
    per200: 6,
    inject: (world, random, name) =>
      lie(world, name, { seam: 'supabase', matches: rpc(random.pick(WRITES)), act: truncate }),
  },
  {
    // Counted where the answer passes: the gateway rolls back and says so.
    name: '04-serialization-failure',
    per200: 6,
    inject: (world, random) =>
      control(world, 'supabase', { match: { fn: random.pick(WRITES) }, fault: '40001', times: random.int(1, 2) }),
  },
  {
    name: '05-pool-exhausted',
    per200: 5,
    inject: (world, random, name) =>
      lie(world, name, { seam: 'supabase', matches: rpc(random.pick(WRITES)), act: answerInstead(504, NO_CONNECTION) }),
  },
  {
    name: 'database-unreachable',
    per200: 8,
    inject: (world, random, name) =>
      lie(world, name, { seam: 'supabase', matches: rpc(random.pick(WRITES)), act: dropBefore }),
  },
  {
    name: 'key-vault-unavailable',
    per200: 3,
    inject: (world, _random, name) =>
      lie(world, name, { seam: 'supabase', matches: rpc('key_for_attempt'), act: dropBefore, times: 3 }),
  },
];

const NO_CONNECTION = { code: 'PGRST003', message: 'Timed out acquiring connection from connection pool.' };

/** Holds the balances until transactions of the Workers wait for them, and ends their sessions: nothing of them is committed. */
async function killTransactions(world: World, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl(world.stack), connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('begin; select 1 from darkroom.slots for no key update');
    await sleep(400);
    const { rowCount } = await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator' and wait_event_type = 'Lock'",
    );
    await client.query('rollback');
    if (rowCount) world.count(name, rowCount);
  } catch {
    // No database just now.
  } finally {
    await client.end().catch(() => {});
  }
}
