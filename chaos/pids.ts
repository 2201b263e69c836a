import { readFileSync } from 'node:fs';

/** As the stack writes down its children. */
type Recorded = { pid: number; command: string };

/** Pids from such a file, of commands with a part, and only those that are still what was recorded: pids are used again. */
export function readPids(file: string, part = ''): number[] {
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded[];
  return recorded.filter((one) => one.command.includes(part) && isStill(one)).map(({ pid }) => pid);
}

function isStill({ pid, command }: Recorded): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === command;
  } catch {
    return false;
  }
}

/** SIGKILL; false if there was nobody. */
export function killHard(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
