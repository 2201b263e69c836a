import pg from 'pg';
import { sha256Hex } from '../../shared/auth/secrets.ts';
import { createUser } from '../supabase/auth.ts';
import type { Secrets } from './secrets.ts';

const DEMO_CREDITS = 10_000;
const EVERYTHING = ['jobs', 'keys', 'billing', 'webhooks'];

/** Makes the demo user, its account with credits, and an operator's key. Doing it again changes nothing. */
export async function seed(ownerUrl: string, { demo }: Secrets): Promise<void> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  try {
    await createUser(pool, { id: demo.user_id, email: demo.email, password: demo.password });
    const { rows } = await pool.query<{ id: string }>('select darkroom.user_account($1, $2) as id', [
      demo.user_id,
      demo.email,
    ]);
    const account = rows[0]?.id as string;
    await addKey(pool, { account, user: demo.user_id, key: demo.api_key, name: 'demo', scopes: EVERYTHING });
    await addOperator(pool, demo.admin_api_key);
    // A reference is granted once.
    await pool.query("select darkroom.issue($1, $2, 'promo', 'demo credits', 'demo', 'local stack')", [
      account,
      DEMO_CREDITS,
    ]);
  } finally {
    await pool.end();
  }
}

/** Operators have an account of their own, so that what they do is not the demo user's. */
async function addOperator(pool: pg.Pool, key: string): Promise<void> {
  const known = await pool.query('select from darkroom.api_keys where hash = $1', [await sha256Hex(key)]);
  if (known.rowCount !== 0) return;
  const { rows } = await pool.query<{ id: string }>("select darkroom.open_account('organization', 'Operators') as id");
  await addKey(pool, {
    account: rows[0]?.id as string,
    user: null,
    key,
    name: 'operator',
    scopes: [...EVERYTHING, 'admin'],
  });
}

type NewKey = { account: string; user: string | null; key: string; name: string; scopes: string[] };

async function addKey(pool: pg.Pool, { account, user, key, name, scopes }: NewKey): Promise<void> {
  await pool.query(
    `insert into darkroom.api_keys (account_id, user_id, hash, prefix, name, scopes) values ($1, $2, $3, $4, $5, $6)
     on conflict (hash) do nothing`,
    [account, user, await sha256Hex(key), key.slice(0, 12), name, scopes],
  );
}
