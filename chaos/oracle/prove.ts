import pg from 'pg';
import { superuserUrl } from '../database.ts';
import type { World } from '../world.ts';
import { type Corruption, corruptions } from './corruptions.ts';
import { judgeRows } from './judge.ts';

/** What was tried on the oracle, and what it did not see. */
export type Proof = { tried: number; missed: string[] };

/**
 * Breaks one row after the other in this run's own books, asks the oracle, and rolls back. An oracle that has nothing to say of a
 * broken row has proved nothing of whole ones.
 */
export async function proveOracle(world: World): Promise<Proof> {
  const client = new pg.Client({ connectionString: superuserUrl(world.stack) });
  await client.connect();
  try {
    const proof: Proof = { tried: 0, missed: [] };
    for (const corruption of corruptions) {
      const said = await findingsOf(world, client, corruption);
      if (said === undefined) continue;
      proof.tried += 1;
      if (!said.some((what) => what.startsWith(corruption.says))) proof.missed.push(corruption.says.trim());
    }
    return proof;
  } finally {
    await client.end();
  }
}

/** What the oracle says; undefined if these books have no row to break in this way. */
async function findingsOf(world: World, client: pg.Client, { sql }: Corruption): Promise<string[] | undefined> {
  // No trigger and no foreign key stands in the way; the same statements read that judge the run.
  await client.query('begin; set local session_replication_role = replica');
  try {
    if ((await client.query(sql)).rowCount === 0) return undefined;
    const said: string[] = [];
    const ask = async (text: string, values?: unknown[]) => (await client.query(text, values)).rows;
    const look = { ask, must: ask, close: async () => {} } as World['look'];
    await judgeRows({ ...world, look, report: (_kind, what) => void said.push(what) });
    return said;
  } finally {
    await client.query('rollback');
  }
}
