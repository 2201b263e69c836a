import type pg from 'pg';
import type { Household } from './households.ts';

/** What tells whose data an answer holds: ids of ours, ids of users, canaries. */
const TELLING =
  /\b[a-z]{2,5}_[0-9a-f]{32}\b|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|canary-[a-z]+-[0-9a-f]{8}/g;

/** Whose rows are nobody's: its keys serve everybody. */
const PLATFORM = 'platform';

/** Each telling text, and the one household whose rows have it; what stands in the rows of several tells nothing. */
export type Owners = Map<string, string>;

export async function ownersOf(pool: pg.Pool, households: Household[]): Promise<Owners> {
  const owners: Owners = new Map();
  const shared = new Set<string>();
  const claim = (text: string, owner: string) => {
    if ((owners.get(text) ?? owner) !== owner) shared.add(text);
    owners.set(text, owner);
  };
  for (const { account_id, row } of await rowsOf(pool)) {
    const owner =
      households.find(({ accounts }) => accounts.includes(account_id))?.name ??
      (account_id === PLATFORM ? PLATFORM : 'others');
    for (const [text] of row.matchAll(TELLING)) claim(text, owner);
  }
  for (const { name, shown } of households) for (const text of shown) claim(text, name);
  for (const [text, owner] of owners) if (shared.has(text) || owner === PLATFORM) owners.delete(text);
  return owners;
}

async function rowsOf(pool: pg.Pool): Promise<{ account_id: string; row: string }[]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'darkroom' and c.column_name = 'account_id' and t.table_type = 'BASE TABLE'`,
  );
  const one = (name: string) =>
    `select coalesce(account_id, '${PLATFORM}') as account_id, to_jsonb(t)::text as row from darkroom.${name} t`;
  return (await pool.query(tables.map(({ name }) => one(name)).join(' union all '))).rows;
}

/** What an answer holds of households that the caller is a stranger to; what the caller sent itself may stand in a refusal. */
export function foreignIn(text: string, owners: Owners, { sees, sent }: { sees: string[]; sent: string }): string[] {
  const telling = new Set([...text.matchAll(TELLING)].map(([found]) => found));
  const secrets = [...owners.keys()].filter((key) => /^(dk_|whsec_)|:/.test(key) && text.includes(key));
  return [...telling, ...secrets].filter((found) => {
    const owner = owners.get(found);
    return owner !== undefined && !sees.includes(owner) && !sent.includes(found);
  });
}
