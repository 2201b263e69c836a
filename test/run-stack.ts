import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from './process-tree.ts';

const root = resolve(import.meta.dirname, '..');
const PATIENCE_MS = 120_000;

export type RunningStack = {
  /** The state folder. */
  folder: string;
  /** Contents of a JSON file in it. */
  read: <T>(name: string) => T;
  /** What it has printed so far. */
  printed: () => string;
  /** As Ctrl-C does. */
  stop: () => Promise<void>;
  /** SIGKILL for every process of it. */
  kill: () => Promise<void>;
  /** SIGKILL for workerd alone, which the stack starts again. */
  killWorkers: () => void;
};

type Recorded = { pid: number; command: string };

export const newStateFolder = () => mkdtempSync(join(tmpdir(), 'darkroom-test-'));

/** Where a stack of a test looks for `.dev.vars`: what stands in yours is real, and tests would spend it. */
const devVarsOf = (folder: string) => join(folder, '.dev.vars');

export function writeDevVars(folder: string, vars: Record<string, string>): void {
  const lines = Object.entries(vars).map(([name, value]) => `${name}="${value}"\n`);
  writeFileSync(devVarsOf(folder), lines.join(''));
}

export const dropStateFolder = (folder: string) => rmSync(folder, { recursive: true, force: true });

/** Starts the local stack as people do, on free ports, and waits until it is ready. */
export async function runStack(
  flags: string[],
  folder = newStateFolder(),
  port = 0,
  env: Record<string, string> = {},
): Promise<RunningStack> {
  const child = spawn(process.execPath, ['local/start.ts', ...flags], {
    cwd: root,
    env: {
      ...process.env,
      ...env,
      DARKROOM_DATA: folder,
      DARKROOM_DEV_VARS: devVarsOf(folder),
      PORT: String(port),
      NODE_ENV: undefined,
      VITEST: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  }
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const stop = () => end(child, 'SIGTERM');
  const kill = async () => {
    const below = descendants(child.pid as number);
    await end(child, 'SIGKILL');
    below.forEach(killHard);
  };
  const killWorkers = () => {
    const workers = read<Recorded[]>('pids.json').filter(({ command }) => command.includes('workerd serve'));
    for (const { pid } of workers) killHard(pid);
  };
  await ready(child, () => printed).catch(async (error) => {
    await stop();
    throw error;
  });
  return { folder, read, printed: () => printed, stop, kill, killWorkers };
}

/** Resolves at the line that says so; whatever else was printed is in the error. */
async function ready(child: ChildProcess, printed: () => string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (!/^Ready/m.test(printed())) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The stack did not start:\n${printed()}`);
    if (Date.now() > until) throw new Error(`The stack was not ready in time:\n${printed()}`);
    await sleep(20);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(late);
}

/** PostgreSQL's processes end by themselves once their parent has: some may be gone already. */
function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}
