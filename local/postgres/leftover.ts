import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { problem } from '../stack/problem.ts';
import { endProcess, inspectProcess } from '../stack/processes.ts';
import { shown } from '../stack/state-folder.ts';

/**
 * Ends a server that outlived a killed stack, so that the folder is free. A pid in a file proves nothing after a reboot or
 * in a new container: only a postgres on this very folder is ours. Answers whether there was one.
 */
export async function endLeftoverServer(dataDir: string): Promise<boolean> {
  const pidFile = join(dataDir, 'postmaster.pid');
  const pid = readPid(pidFile);
  if (pid === undefined) return false;
  const found = inspectProcess(pid);
  if (found?.command.includes(`-D ${resolve(dataDir)} `)) {
    // SIGINT is PostgreSQL's fast shutdown: sessions end, what was committed is on disk.
    if (await endProcess(found, 'SIGINT', 5000)) return true;
    throw problem(`A PostgreSQL of an earlier start (process ${pid}) does not end.`, `Stop it: kill -9 ${pid}`);
  }
  // A server whose folder does not show; sessions of one call themselves `postgres: …`.
  if (found !== undefined && /^\S*(postgres|postmaster)(\s|$)/.test(found.command) && !found.command.includes('-D ')) {
    throw problem(`Process ${pid} (${found.command}) may use ${shown(dataDir)}.`, `If it is a left-over: kill ${pid}`);
  }
  adoptPidFile(pidFile);
  return false;
}

/**
 * The pid may belong to some other program by now, or to a zombie, for which PostgreSQL would refuse to start; its parent's it
 * ignores. The rest of the file stays: the server looks there for memory that sessions of the killed one may still use.
 */
function adoptPidFile(pidFile: string): void {
  const [, ...rest] = readFileSync(pidFile, 'utf8').split('\n');
  writeFileSync(pidFile, [process.pid, ...rest].join('\n'));
}

/** The file's first line. */
function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
