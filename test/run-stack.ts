import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

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
};

export const newStateFolder = () => mkdtempSync(join(tmpdir(), 'darkroom-test-'));

export const dropStateFolder = (folder: string) => rmSync(folder, { recursive: true, force: true });

/** Starts the local stack as people do, on free ports, and waits until it is ready. */
export async function runStack(flags: string[], folder = newStateFolder(), port = 0): Promise<RunningStack> {
  const child = spawn(process.execPath, ['local/start.ts', ...flags], {
    cwd: root,
    env: { ...process.env, DARKROOM_DATA: folder, PORT: String(port), NODE_ENV: undefined, VITEST: undefined },
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
    const children = read<{ pid: number }[]>('pids.json').map(({ pid }) => pid);
    await end(child, 'SIGKILL');
    for (const pid of children) process.kill(pid, 'SIGKILL');
  };
  await ready(child, () => printed).catch(async (error) => {
    await stop();
    throw error;
  });
  return { folder, read, printed: () => printed, stop, kill };
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
