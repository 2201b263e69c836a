import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Problem, problem } from '../stack/problem.ts';
import { damageAdvice, shown } from '../stack/state-folder.ts';
import { cannotRun, type Runner } from './runner.ts';

const MAJOR = '17';

/** The owner of the cluster: a superuser, as on hosted Supabase, where nobody else is one. */
export const SUPERUSER = 'supabase_admin';

/** Makes the data folder if there is none; beside it first, so that a kill half-way leaves nothing that looks whole. */
export async function ensureDataDir(dataDir: string, initdb: string, runner: Runner, password: string): Promise<void> {
  if (existsSync(dataDir)) return checkDataDir(dataDir);
  const fresh = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  runner.own(fresh);
  runner.own(passwordFile);
  try {
    await runInitdb(runner, initdb, fresh, passwordFile);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, dataDir);
}

async function runInitdb(runner: Runner, initdb: string, folder: string, passwordFile: string): Promise<void> {
  const args = ['-D', folder, `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', ...locale];
  const child = runner.run(initdb, [...args, '--no-sync', '--no-instructions'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  const [code] = await once(child, 'close').catch((error: unknown) => {
    throw cannotRun(folder, error);
  });
  if (code !== 0) throw cannotRun(folder, new Error(complaint.trim().split('\n').at(-1)));
}

/** PostgreSQL's own collation: the same order on every machine, whatever locales it has. */
const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];

function checkDataDir(dataDir: string): void {
  const missing = ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal'].find(
    (name) => !existsSync(join(dataDir, name)),
  );
  if (missing !== undefined) throw damaged(dataDir, `${missing} is missing`);
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (version !== MAJOR) throw damaged(dataDir, `it is of PostgreSQL ${version || '?'}, not ${MAJOR}`);
}

export const damaged = (dataDir: string, why: string): Problem =>
  problem(`The database in ${shown(dataDir)} is damaged: ${why}.`, damageAdvice(dirname(dataDir)));
