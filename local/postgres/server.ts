import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { problem } from '../stack/problem.ts';
import { shown } from '../stack/state-folder.ts';
import { findBinaries } from './binaries.ts';
import { damaged, ensureDataDir } from './data-dir.ts';
import { createRunner, type Runner } from './runner.ts';
import { settingFlags } from './settings.ts';

export type PostgresOptions = { dataDir: string; logFile: string; port: number; password: string };
export type Postgres = { port: number; stop: () => Promise<void>; kill: () => void; ended: Promise<void> };

/**
 * Starts PostgreSQL on loopback, on a folder that no other server uses (`endLeftoverServer`). Resolves once it accepts
 * connections. Throws a Problem for a damaged folder or an account that may not run it.
 */
export async function startPostgres({ dataDir, logFile, port, password }: PostgresOptions): Promise<Postgres> {
  const { postgres, initdb } = await findBinaries();
  const runner = createRunner([dataDir, postgres]);
  await ensureDataDir(dataDir, initdb, runner, password);
  for (let attempt = 1; ; attempt++) {
    const { child, ended, said } = launch(runner, postgres, ['-D', dataDir, ...settingFlags(port)], logFile);
    if (await becameReady(child, dataDir)) {
      return { port, stop: () => stop(child, ended), kill: () => void child.kill('SIGQUIT'), ended };
    }
    // Sessions of a killed server end by themselves, within moments.
    if (attempt > 20 || !said().includes('pre-existing shared memory block')) throw whyNot(dataDir, logFile, said());
    await sleep(250);
  }
}

function launch(runner: Runner, postgres: string, args: string[], logFile: string) {
  const log = openSync(logFile, 'a');
  const before = fstatSync(log).size;
  const child = runner.run(postgres, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = once(child, 'exit').then(
    () => {},
    () => {},
  );
  return { child, ended, said: () => readFileSync(logFile).subarray(before).toString() };
}

/** The server writes its state into its pid file; asking for a connection instead would fill the log with refusals. */
async function becameReady(child: ChildProcess, dataDir: string): Promise<boolean> {
  const until = Date.now() + 60_000;
  while (child.exitCode === null && child.signalCode === null && Date.now() < until) {
    const [pid, , , , , , , status] = pidFileLines(dataDir);
    if (Number(pid) === child.pid && status?.trim() === 'ready') return true;
    await sleep(10);
  }
  return false;
}

function pidFileLines(dataDir: string): string[] {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** Turns the server's last words into a sentence. */
function whyNot(dataDir: string, logFile: string, log: string): Error {
  const last = log.split('\n').findLast((line) => /FATAL|PANIC|could not/.test(line));
  const why = last?.replace(/^.*?(FATAL|PANIC|ERROR|LOG): +/, '') ?? 'it ended without a word';
  if (/permission denied/i.test(why)) {
    return problem(
      `PostgreSQL may not use ${shown(dataDir)}: ${why}.`,
      `Give the folder to the account that runs it, or see ${shown(logFile)}`,
    );
  }
  if (/Address already in use|could not create any TCP/i.test(log)) {
    return problem('Another program took the port of PostgreSQL just now.', 'Start again: npm start');
  }
  return damaged(dataDir, `${why} (more in ${shown(logFile)})`);
}

/** Fast shutdown; after 1.5 s the immediate one, which the next start recovers from. */
async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGINT');
  const late = setTimeout(() => child.kill('SIGQUIT'), 1500);
  await ended;
  clearTimeout(late);
}
