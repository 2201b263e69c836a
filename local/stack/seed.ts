import pg from 'pg';
import { sha256Hex } from '../../shared/auth/secrets.ts';
import { createUser } from '../supabase/auth.ts';
import { connectionConfig } from '../supabase/database.ts';
import type { Secrets } from './secrets.ts';

const DEMO_CREDITS = 10_000;
const EVERYTHING = ['jobs', 'keys', 'billing', 'webhooks'];

/**
 * Makes an account with credits and a key, and an operator's key; with `users` also the demo user whose account it is: in a
 * real project people sign up themselves. Doing it again changes nothing.
 */
export async function seed(ownerUrl: string, { demo }: Secrets, { users }: { users: boolean }): Promise<void> {
  const pool = new pg.Pool({ ...connectionConfig(ownerUrl), max: 1 });
  try {
    // On the pool's only connection: an account without its key would look like somebody else's.
    await pool.query('begin');
    const account = users ? await addUser(pool, demo) : await addAccount(pool, DEMO, demo.api_key);
    await addAccount(pool, OPERATORS, demo.admin_api_key);
    // A reference is granted once.
    await pool.query("select darkroom.issue($1, $2, 'promo', 'demo credits', 'demo', 'local stack')", [
      account,
      DEMO_CREDITS,
    ]);
    await pool.query('commit');
  } finally {
    await pool.end();
  }
}

async function addUser(pool: pg.Pool, demo: Secrets['demo']): Promise<string> {
  await createUser(pool, { id: demo.user_id, email: demo.email, password: demo.password });
  const { rows } = await pool.query<{ id: string }>('select darkroom.user_account($1, $2) as id', [
    demo.user_id,
    demo.email,
  ]);
  const account = rows[0]?.id as string;
  await addKey(pool, { account, user: demo.user_id, key: demo.api_key, name: 'demo', scopes: EVERYTHING });
  return account;
}

type NewAccount = { kind: 'user' | 'organization'; title: string; name: string; scopes: string[] };
const DEMO: NewAccount = { kind: 'user', title: 'Demo', name: 'demo', scopes: EVERYTHING };
/** Operators have an account of their own, so that what they do is not the demo user's. */
const OPERATORS: NewAccount = {
  kind: 'organization',
  title: 'Operators',
  name: 'operator',
  scopes: [...EVERYTHING, 'admin'],
};

/** An account that nobody signs in to, known by its key. */
async function addAccount(pool: pg.Pool, { kind, title, name, scopes }: NewAccount, key: string): Promise<string> {
  const known = await pool.query<{ account_id: string }>('select account_id from darkroom.api_keys where hash = $1', [
    await sha256Hex(key),
  ]);
  if (known.rows[0] !== undefined) return known.rows[0].account_id;
  const { rows } = await pool.query<{ id: string }>('select darkroom.open_account($1, $2) as id', [kind, title]);
  const account = rows[0]?.id as string;
  await addKey(pool, { account, user: null, key, name, scopes });
  return account;
}

type NewKey = { account: string; user: string | null; key: string; name: string; scopes: string[] };

async function addKey(pool: pg.Pool, { account, user, key, name, scopes }: NewKey): Promise<void> {
  await pool.query(
    `insert into darkroom.api_keys (account_id, user_id, hash, prefix, name, scopes) values ($1, $2, $3, $4, $5, $6)
     on conflict (hash) do nothing`,
    [account, user, await sha256Hex(key), key.slice(0, 12), name, scopes],
  );
}
