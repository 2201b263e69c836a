import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { killHard, readPids } from './pids.ts';
import { isRunning, launch, listenTo, ready } from './stack-process.ts';

const STOP_MS = 8_000;

/** The parts of `stack.json` and `secrets.json` that are used here. */
export type StackFile = {
  origin: string;
  database_url: string;
  admin_api_key: string;
  inbox: string;
  callback: { url: string; secret: string };
  sweep_url: string;
  emulators: Record<string, string>;
};
export type StackSecrets = {
  postgres: { superuser: string };
  qstash: { token: string };
  redis: { token: string };
  cloudinary: { api_secret: string };
  key_encryption_key: string;
  webhook_signing_key: string;
  providers: { REPLICATE_API_TOKEN: string; FAL_KEY: string };
};

/** The local stack as a process of its own, which may be killed at any moment and started again on the same state. */
export type Stack = {
  start: () => Promise<StackFile>;
  /** SIGKILL for every process of it, PostgreSQL included. */
  kill: () => Promise<void>;
  /** SIGKILL for workerd, which the stack starts again. False if there was none. */
  killWorkers: () => boolean;
  /** Since workerd was started last. */
  workersUpMs: () => number;
  stop: () => Promise<void>;
  file: () => StackFile;
  secrets: () => StackSecrets;
  running: () => boolean;
};

type Options = {
  folder: string;
  /** `DARKROOM_SEAMS`. */
  seams: string;
  log: (line: string) => void;
  /** The addresses are settled; the Workers start next, and already need them. */
  onAddresses: (file: StackFile) => void;
};

export function createStack({ folder, seams, log, onAddresses }: Options): Stack {
  let child: ChildProcess | undefined;
  let expected = false;
  const at = (name: string) => join(folder, name);
  const read = <T>(name: string) => JSON.parse(readFileSync(at(name), 'utf8')) as T;
  const start = async () => {
    expected = false;
    child = launch(folder, seams);
    const printed = listenTo(child);
    child.once('exit', (code) => !expected && log(`the stack ended by itself (${code}):\n${printed().slice(-2_000)}`));
    const watching = watchFor(at('stack.json'), () => onAddresses(read('stack.json')));
    await ready(child, printed).finally(watching.stop);
    return read<StackFile>('stack.json');
  };
  const pids = (part?: string) => (existsSync(at('pids.json')) ? readPids(at('pids.json'), part) : []);
  const kill = async () => {
    expected = true;
    const ended = child && isRunning(child) ? once(child, 'exit') : undefined;
    for (const pid of [child?.pid ?? 0, ...pids()]) if (pid > 0) killHard(pid);
    await ended;
  };
  const stop = async () => {
    if (child === undefined || !isRunning(child)) return;
    expected = true;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => void kill(), STOP_MS);
    await ended;
    clearTimeout(late);
  };
  return {
    start,
    kill,
    // The record is written anew at each start of workerd.
    workersUpMs: () => Date.now() - (statSync(at('pids.json'), { throwIfNoEntry: false })?.mtimeMs ?? Date.now()),
    killWorkers: () => pids('workerd serve').map(killHard).some(Boolean),
    stop,
    file: () => read('stack.json'),
    secrets: () => read('secrets.json'),
    running: () => child !== undefined && isRunning(child),
  };
}

/** Calls once, when the file has been written anew. */
function watchFor(path: string, run: () => void): { stop: () => void } {
  const since = Date.now();
  const timer = setInterval(() => {
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < since) return;
    clearInterval(timer);
    run();
  }, 25);
  return { stop: () => clearInterval(timer) };
}
