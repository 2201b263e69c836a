import { join } from 'node:path';
import { damaged } from '../postgres/data-dir.ts';
import { startPostgres } from '../postgres/server.ts';
import { bootstrap, migrate, ownerUrl, superuserUrl } from '../supabase/database.ts';
import type { StackContext } from './context.ts';
import { recordChildren } from './leftovers.ts';
import { problem } from './problem.ts';
import type { Secrets } from './secrets.ts';
import { damageAdvice, type StateFolder, shown, writeState } from './state-folder.ts';
import { takeOver } from './take-over.ts';

/** Only the database, for tests of SQL; `stack.json` has its URL and no more. Answers that URL. */
export async function startDatabaseOnly(context: StackContext): Promise<string> {
  const { ports, secrets } = await takeOver(context);
  const url = await startDatabase(context, ports.postgres as number, secrets);
  recordChildren(context.state);
  writeState(context.state.stack, { database_url: url });
  return url;
}

/** Starts PostgreSQL and gives it what a hosted project has, and all migrations. Answers the owner's URL. */
export async function startDatabase(context: StackContext, port: number, secrets: Secrets): Promise<string> {
  const { state, progress } = context;
  const url = await startEmptyDatabase(context, port, secrets);
  await progress.step(
    'Migrations',
    () => migrate(url, { home: state.supabase, newer: newerDatabase(state) }).catch(explain(state)),
    (applied) => (applied === 0 ? 'Migrations: up to date' : `Migrations: ${applied} applied by the Supabase CLI`),
  );
  return url;
}

/** Starts PostgreSQL with no more than a hosted project has on its first day. Answers the owner's URL. */
export async function startEmptyDatabase(context: StackContext, port: number, secrets: Secrets): Promise<string> {
  await context.progress.step(
    'PostgreSQL 17',
    async () => {
      await start(context, port, secrets);
      await bootstrap(superuserUrl(port, secrets.postgres), secrets.postgres).catch(explain(context.state));
    },
    () => `PostgreSQL 17 on 127.0.0.1:${port}`,
  );
  return ownerUrl(port, secrets.postgres);
}

async function start({ state, cleanup, onCrash }: StackContext, port: number, { postgres: passwords }: Secrets) {
  const logFile = join(state.logs, 'postgres.log');
  const postgres = await startPostgres({ dataDir: state.postgres, logFile, port, password: passwords.superuser });
  cleanup.add(postgres.stop);
  // Ignored by a stack that is stopping.
  void postgres.ended.then(() =>
    onCrash(problem(`PostgreSQL ended by itself; see ${shown(logFile)}.`, 'Start again: what was committed is kept')),
  );
}

/** Says in a sentence what the database's own words mean. */
const explain = (state: StateFolder) => (error: Error & { code?: string }) => {
  if (error.code === '28P01') {
    const fix = `Put back the ${shown(state.secrets)} it was made with, or start afresh: npm run reset`;
    throw problem(`The passwords in ${shown(state.secrets)} do not fit the database.`, fix, error);
  }
  // Crashes while it is being read, broken files, lost connections.
  if (/^(57P|58|XX|08)/.test(error.code ?? '') || /Connection terminated/.test(error.message)) {
    throw damaged(state.postgres, `${error.message} (more in ${shown(state.logs)})`);
  }
  throw error;
};

const newerDatabase = (state: StateFolder) => (versions: string[]) =>
  problem(
    `The database in ${shown(state.postgres)} has migrations that this checkout has not: ${versions.join(', ')}.`,
    `Check out the version that made it. ${damageAdvice(state.root)}`,
  );
