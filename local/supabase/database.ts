import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { SUPERUSER } from '../postgres/data-dir.ts';
import { type Problem, problem } from '../stack/problem.ts';
import { projectRoot } from '../stack/state-folder.ts';
import { type CliError, cliComplaint, supabaseCli } from './cli.ts';

export type Passwords = { superuser: string; owner: string; authenticator: string };
export type Login = { user: string; password: string; port: number; database?: string };

export const connectionUrl = ({ user, password, port, database = 'postgres' }: Login): string =>
  `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

export const superuserUrl = (port: number, passwords: Passwords, database?: string) =>
  connectionUrl({ user: SUPERUSER, password: passwords.superuser, port, database });
/** The role that owns the schema and runs migrations; no superuser, as on hosted Supabase. */
export const ownerUrl = (port: number, passwords: Passwords, database?: string) =>
  connectionUrl({ user: 'postgres', password: passwords.owner, port, database });
/** The role PostgREST logs in with. */
export const authenticatorUrl = (port: number, passwords: Passwords, database?: string) =>
  connectionUrl({ user: 'authenticator', password: passwords.authenticator, port, database });

/**
 * What `pg` is to be given. By itself it takes `sslmode=require` for a request to verify, which no hosted project passes:
 * Supabase signs its certificates itself. To all others it means encrypted.
 */
export const connectionConfig = (url: string): pg.ClientConfig => ({
  connectionString: url.includes('sslmode=') ? `${url}&uselibpqcompat=true` : url,
  connectionTimeoutMillis: 10_000,
});

/** Runs on one connection and closes it. */
export async function withClient<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionConfig(url));
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

const bootstrapSql = () => readFileSync(join(import.meta.dirname, 'bootstrap.sql'), 'utf8');

/** Gives an empty database what a hosted project has; one transaction, so a kill leaves all or nothing. */
export async function bootstrap(url: string, passwords: Passwords): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query("select to_regnamespace('auth') is not null as done");
    if (rows[0].done) return;
    const login = (role: string, password: string) => `alter role ${role} password ${client.escapeLiteral(password)};`;
    const logins = login('postgres', passwords.owner) + login('authenticator', passwords.authenticator);
    await client.query(`begin; ${bootstrapSql()} ${logins} commit`);
  });
}

const migrationsFolder = join(projectRoot, 'supabase/migrations');

const migrationFiles = (): string[] =>
  readdirSync(migrationsFolder)
    .filter((name) => /^\d+_.*\.sql$/.test(name))
    .sort();

export const migrationVersions = (): string[] => migrationFiles().map((file) => file.slice(0, file.indexOf('_')));

export async function appliedVersions(url: string): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(
      "select to_regclass('supabase_migrations.schema_migrations') is not null as there",
    );
    if (!rows[0].there) return [];
    const applied = await client.query('select version from supabase_migrations.schema_migrations order by version');
    return applied.rows.map((row) => row.version);
  });
}

type Migration = {
  /** Where the CLI keeps its own state. */
  home: string;
  /** What to say of a database with migrations that this checkout has not. */
  newer: (versions: string[]) => Problem;
};

/** Applies what is missing with the real Supabase CLI, as it is done in production. Answers how many that was. */
export async function migrate(url: string, { home, newer }: Migration): Promise<number> {
  const applied = new Set(await appliedVersions(url));
  const versions = migrationVersions();
  const unknown = [...applied].filter((version) => !versions.includes(version));
  if (unknown.length > 0) throw newer(unknown);
  const missing = versions.filter((version) => !applied.has(version));
  if (missing.length === 0) return 0;
  await push(url, home);
  return missing.length;
}

async function push(url: string, home: string): Promise<void> {
  const address = new URL(url);
  const password = decodeURIComponent(address.password);
  address.password = '';
  const args = ['db', 'push', '--yes', '--include-all', `--remote=${address}`];
  await supabaseCli(args, { workdir: projectRoot, home, password }).catch((error: CliError) => {
    throw problem(
      `A migration failed.\n    ${cliComplaint(error)}`,
      'Mend the file in supabase/migrations, then npm start',
      error,
    );
  });
}
