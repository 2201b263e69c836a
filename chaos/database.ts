import pg from 'pg';
import type { Stack } from './stack.ts';

/** The stack's database, looked at from outside. It may be gone at any moment: every look says so instead of throwing. */
export type Look = {
  /** Rows, or undefined if the database could not be asked. */
  ask: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[] | undefined>;
  /** For what must succeed: throws. */
  must: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>;
  close: () => Promise<void>;
};

// Counts are far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export function lookInto(url: string, max = 4): Look {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 3_000, idleTimeoutMillis: 1_000 });
  pool.on('error', () => {});
  const must: Look['must'] = async (sql, values) => (await pool.query(sql, values)).rows;
  return { must, ask: (sql, values) => must<never>(sql, values).catch(() => undefined), close: () => pool.end() };
}

/** As one who may do what no role of the service may: end sessions, and write rows that every trigger would refuse. */
export function superuserUrl({ file, secrets }: Pick<Stack, 'file' | 'secrets'>): string {
  const { superuser } = secrets().postgres;
  return Object.assign(new URL(file().database_url), { username: 'supabase_admin', password: superuser }).href;
}
