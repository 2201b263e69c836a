import type pg from 'pg';

export type Fingerprint = Record<string, string>;

/** When a key was last used is written down whatever becomes of its request. */
const LEFT_OUT = `'{last_used_at}'::text[]`;
/** A refusal for want of credits stays under its Idempotency-Key, as the contract says. */
const KEPT_REFUSALS: Record<string, string> = { requests: 'where t.refusal is null' };

let query: string | undefined;

/** Number and checksum of the rows of every table. */
export async function fingerprint(pool: pg.Pool): Promise<Fingerprint> {
  query ??= await queryOf(pool);
  const { rows } = await pool.query<{ name: string; digest: string }>(query);
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}

async function queryOf(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'darkroom' and table_type = 'BASE TABLE'`,
  );
  const one = (name: string) =>
    `select '${name}' as name, count(*) || ' ' || coalesce(sum(hashtextextended((to_jsonb(t) - ${LEFT_OUT})::text, 0)::numeric), 0) as digest
     from darkroom.${name} t ${KEPT_REFUSALS[name] ?? ''}`;
  return rows.map(({ name }) => one(name)).join(' union all ');
}

/** The tables that are not as they were. */
export const changed = (before: Fingerprint, after: Fingerprint) =>
  Object.keys(before).filter((name) => before[name] !== after[name]);
