import pg from 'pg';
import { dropStateFolder, runStack } from '../../test/run-stack.ts';
import { databaseOf } from '../../test/stack-values.ts';
import type { Sound } from '../bench.ts';
import { violations } from './sound.ts';

/** A database with all migrations, on the server that all rows share. */
export type Database = {
  name: string;
  /** As the superuser, who may also fill tables by hand. */
  superuser: string;
  /** As `authenticator`, which may become each Worker's role. */
  authenticator: string;
  pool: pg.Pool;
};

export type DatabaseServer = {
  /** A copy of another one; without it an empty one with all migrations. The other must have no sessions (`settle`). */
  create: (name: string, from?: Database) => Promise<Database>;
  /** An empty one without Darkroom, for what is measured against. */
  plain: (name: string) => Promise<Database>;
  /** Ends the sessions of a database's pool, so that it can be copied. */
  settle: (database: Database) => Promise<void>;
  checkAndDrop: () => Promise<Sound[]>;
  stop: () => Promise<void>;
};

/** PostgreSQL as `npm start` runs it, with the migrations applied by the Supabase CLI to its first database; the others are copies. */
export async function startDatabaseServer(log: (line: string) => void): Promise<DatabaseServer> {
  log('  starting PostgreSQL');
  const running = await runStack(['--database-only']);
  const urls = databaseOf(running);
  const admin = new pg.Pool({ connectionString: inDatabase(urls.superuser_url, 'template1'), max: 1 });
  admin.on('error', () => {});
  const open = new Map<Database, { migrated: boolean }>();

  async function make(name: string, template: string, migrated: boolean): Promise<Database> {
    await admin.query(`create database ${name} template ${template}`);
    const superuser = inDatabase(urls.superuser_url, name);
    const database = {
      name,
      superuser,
      authenticator: inDatabase(urls.authenticator_url, name),
      pool: poolOn(superuser),
    };
    open.set(database, { migrated });
    return database;
  }

  async function settle(database: Database): Promise<void> {
    await database.pool.end();
    database.pool = poolOn(database.superuser);
  }

  async function checkAndDrop(): Promise<Sound[]> {
    const databases = [...open];
    open.clear();
    const check = async ([{ name, superuser, pool }, { migrated }]: [Database, { migrated: boolean }]): Promise<
      Sound[]
    > => {
      const sound = migrated ? [{ database: name, ...(await violations(superuser)) }] : [];
      await pool.end();
      await admin.query(`drop database ${name} with (force)`);
      return sound;
    };
    return (await Promise.all(databases.map(check))).flat();
  }

  async function stop(): Promise<void> {
    await admin.end();
    await running.stop();
    dropStateFolder(running.folder);
  }

  return {
    create: (name, from) => make(name, from?.name ?? 'postgres', true),
    plain: (name) => make(name, 'template0', false),
    settle,
    checkAndDrop,
    stop,
  };
}

function poolOn(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 16, idleTimeoutMillis: 0 });
  // A database is dropped with whatever sessions it has.
  return pool.on('error', () => {});
}

function inDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
