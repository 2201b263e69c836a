import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const migrations = join(root, 'supabase/migrations');

/** An empty database with everything hosted Supabase has, and all migrations; a pool on it as their owner, no superuser. */
export async function freshDatabase(): Promise<pg.Pool> {
  const { superuser_url: superuserUrl, owner_url: ownerUrl } = inject('database');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const template = await ensureTemplate(superuserUrl, ownerUrl);
  await withClient(superuserUrl, (client) =>
    client.query(`create database ${name} owner postgres template ${template}`),
  );
  const pool = new pg.Pool({ connectionString: inDatabase(ownerUrl, name), max: 40, allowExitOnIdle: true });
  // The server may be gone before the pool is.
  pool.on('error', () => {});
  return pool;
}

/** Migrating takes a second and copying a tenth of one: each state of the migrations is built once per server. */
async function ensureTemplate(superuserUrl: string, ownerUrl: string): Promise<string> {
  const [bootstrap, ...files] = sources();
  const template = `template_${createHash('sha256')
    .update([bootstrap, ...files].join('\0'))
    .digest('hex')
    .slice(0, 16)}`;
  await withClient(superuserUrl, async (client) => {
    await client.query("select pg_advisory_lock(hashtext('template'))");
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount !== 0) return;
    await client.query(`create database ${template}_new owner postgres`);
    await withClient(inDatabase(superuserUrl, `${template}_new`), (fresh) => inTransaction(fresh, bootstrap as string));
    await withClient(inDatabase(ownerUrl, `${template}_new`), async (fresh) => {
      for (const sql of files) await inTransaction(fresh, sql);
    });
    await client.query(`alter database ${template}_new rename to ${template}`);
  });
  return template;
}

/** The bootstrap and the migrations, in order. */
function sources(): string[] {
  const files = readdirSync(migrations).filter((name) => /^\d+_.*\.sql$/.test(name));
  const paths = [join(root, 'local/supabase/bootstrap.sql'), ...files.sort().map((name) => join(migrations, name))];
  return paths.map((path) => readFileSync(path, 'utf8'));
}

const inTransaction = (client: pg.Client, sql: string) => client.query(`begin; ${sql}; commit`);

function inDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function withClient<T>(connectionString: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
