import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const PATIENCE_MS = 90_000;

export const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

/** Starts the stack as people do, on free ports. */
export function launch(folder: string, seams: string): ChildProcess {
  return spawn(process.execPath, ['local/start.ts', '--no-sample'], {
    cwd: root,
    env: {
      ...process.env,
      DARKROOM_DATA: folder,
      DARKROOM_DEV_VARS: join(folder, '.dev.vars'),
      DARKROOM_SEAMS: seams,
      PORT: '0',
      NODE_ENV: undefined,
      VITEST: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Everything that it prints. */
export function listenTo(child: ChildProcess): () => string {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
  }
  return () => printed;
}

/** Resolves at the line that says so; whatever else was printed is in the error. */
export function ready(child: ChildProcess, printed: () => string): Promise<void> {
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
