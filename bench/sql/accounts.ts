import type pg from 'pg';

/** Account ids and API key hashes are made of their number, so that a driver can name any of them. */
export const accountId = (n: string) => `'acct_' || lpad(to_hex(${n}), 32, '0')`;
export const keyHash = (n: number) => String(n).padStart(64, '0');

/** More than any run spends, and no limit that a run could meet: what is measured is the work, not a refusal. */
const CREDITS = 1_000_000_000;
const LIMIT = 100_000_000;

/** `count` accounts with an API key each and credits, granted through the books; and a provider's key with many slots per provider. */
export async function fillAccounts(pool: pg.Pool, count: number, providers: string[], first = 1): Promise<void> {
  const numbers = `generate_series(${first}, ${first + count - 1}) n`;
  await pool.query(
    `insert into darkroom.accounts (id, kind, name) select ${accountId('n')}, 'user', 'bench' from ${numbers}`,
  );
  await pool.query(
    `insert into darkroom.api_keys (id, account_id, hash, prefix, scopes)
     select 'ak_' || lpad(to_hex(n), 32, '0'), ${accountId('n')}, lpad(n::text, 64, '0'), 'dk_bench',
       array['jobs', 'billing', 'webhooks'] from ${numbers}`,
  );
  await pool.query(
    `insert into darkroom.slots (account_id, slot, max_outstanding, rate_limit_per_minute) select id, 0, ${LIMIT}, ${LIMIT}
       from darkroom.accounts where name = 'bench'`,
  );
  await pool.query(
    `select count(darkroom.issue(id, ${CREDITS}, 'promo', 'bench', null, 'bench')) from darkroom.accounts where name = 'bench'`,
  );
  for (const provider of providers) {
    await pool.query(
      `insert into darkroom.provider_api_keys (provider_name, owner_kind, owner_id, last4, fingerprint, max_concurrency)
       values ($1, 'platform', 'platform', 'abcd', $1, 100000)`,
      [provider],
    );
  }
  await useKeys(pool);
  await pool.query('vacuum analyze');
}

/** A key's last use is noted once a minute: of keys that are used all the time a sixtieth is due in each second, not all at once. */
export const useKeys = (pool: pg.Pool) =>
  pool.query("update darkroom.api_keys set last_used_at = now() - random() * interval '1 minute'");
