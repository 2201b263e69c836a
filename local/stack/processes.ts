import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process as it was when we started it: pids are used again, so a later look compares all of it. */
export type Recorded = { pid: number; began: string; command: string };

/** Looks at a process; undefined if there is none. `/proc` where there is one, else `ps`. */
export function inspectProcess(pid: number): Recorded | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return command === '' ? undefined : { pid, began: statFields(pid)[19] ?? '', command };
  } catch {
    return process.platform === 'linux' ? undefined : inspectWithPs(pid);
  }
}

/** Fields of `/proc/<pid>/stat` after the name, which may hold blanks and brackets: [1] is the parent, [19] the start time. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function ps(args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

function inspectWithPs(pid: number): Recorded | undefined {
  const command = ps(['-o', 'command=', '-p', String(pid)]);
  return command === '' ? undefined : { pid, began: ps(['-o', 'lstart=', '-p', String(pid)]), command };
}

/** The direct children of this process. */
export function ownChildren(): Recorded[] {
  const pids = process.platform === 'linux' ? childrenFromProc() : childrenFromPs();
  return pids.map(inspectProcess).filter((found) => found !== undefined);
}

function childrenFromProc(): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return Number(statFields(pid)[1]) === process.pid;
    } catch {
      return false;
    }
  });
}

function childrenFromPs(): number[] {
  const rows = ps(['-A', '-o', 'pid=,ppid=']).split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === process.pid).map(([pid]) => pid as number);
}

export const stillThere = (recorded: Recorded): boolean => {
  const now = inspectProcess(recorded.pid);
  return now !== undefined && now.began === recorded.began && now.command === recorded.command;
};

/** Signals a recorded process and waits for its end; a harder signal after `graceMs`. True once it is gone. */
export async function endProcess(recorded: Recorded, signal: NodeJS.Signals, graceMs: number): Promise<boolean> {
  for (const [next, wait] of [
    [signal, graceMs],
    ['SIGKILL', 2000],
  ] as const) {
    if (!stillThere(recorded)) return true;
    try {
      process.kill(recorded.pid, next);
    } catch {
      return !stillThere(recorded);
    }
    const until = Date.now() + wait;
    while (stillThere(recorded) && Date.now() < until) await sleep(20);
  }
  return !stillThere(recorded);
}
