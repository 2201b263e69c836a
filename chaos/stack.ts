import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const PATIENCE_MS = 90_000;

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
  stop: () => Promise<void>;
  file: () => StackFile;
  secrets: () => StackSecrets;
  running: () => boolean;
};

type Recorded = { pid: number; command: string };

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
  const read = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  const start = async () => {
    expected = false;
    child = launch(folder, seams);
    const printed = listenTo(child);
    child.once('exit', (code) => !expected && log(`the stack ended by itself (${code}):\n${printed().slice(-2_000)}`));
    const watching = watchFor(join(folder, 'stack.json'), () => onAddresses(read('stack.json')));
    await ready(child, printed).finally(watching.stop);
    return read<StackFile>('stack.json');
  };
  const kill = async () => {
    expected = true;
    const ended = child && running(child) ? once(child, 'exit') : Promise.resolve();
    for (const pid of [child?.pid, ...pidsOf(read('pids.json'))]) killHard(pid);
    await ended;
  };
  const stop = async () => {
    if (child === undefined || !running(child)) return;
    expected = true;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child?.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(late);
  };
  return {
    start,
    kill,
    killWorkers: () => pidsOf(read('pids.json'), 'workerd serve').map(killHard).some(Boolean),
    stop,
    file: () => read('stack.json'),
    secrets: () => read('secrets.json'),
    running: () => child !== undefined && running(child),
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

const running = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

function launch(folder: string, seams: string): ChildProcess {
  return spawn(process.execPath, ['local/start.ts', '--no-sample'], {
    cwd: root,
    env: {
      ...process.env,
      DARKROOM_DATA: folder,
      DARKROOM_SEAMS: seams,
      PORT: '0',
      NODE_ENV: undefined,
      VITEST: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Everything that it prints. */
function listenTo(child: ChildProcess): () => string {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
  }
  return () => printed;
}

/** Resolves at the line that says so; whatever else was printed is in the error. */
function ready(child: ChildProcess, printed: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`The stack was not ready in time:\n${printed()}`)), PATIENCE_MS);
    const look = () => {
      if (!/^Ready/m.test(printed())) return;
      clearTimeout(late);
      resolve();
    };
    child.stdout?.on('data', look);
    child.once('exit', () => {
      clearTimeout(late);
      reject(new Error(`The stack did not start:\n${printed()}`));
    });
  });
}

/** From the stack's own record of its children, and only those that are still what was recorded: pids are used again. */
const pidsOf = (recorded: Recorded[], part = '') =>
  recorded.filter((one) => one.command.includes(part) && isStill(one)).map(({ pid }) => pid);

function isStill({ pid, command }: Recorded): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === command;
  } catch {
    return false;
  }
}

function killHard(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
