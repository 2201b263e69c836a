import { accessSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { errnoOf, type Problem, problem } from './problem.ts';

export const projectRoot = resolve(import.meta.dirname, '../..');

/** Absolute paths inside the state folder (`DARKROOM_DATA`, default `.local/`). */
export type StateFolder = ReturnType<typeof stateFolder>;

export function stateFolder(root = process.env.DARKROOM_DATA || join(projectRoot, '.local')) {
  const at = (name: string) => join(resolve(root), name);
  return {
    root: resolve(root),
    postgres: at('postgres'),
    logs: at('logs'),
    emulators: at('emulators'),
    supabase: at('supabase'),
    lock: at('lock'),
    ports: at('ports.json'),
    secrets: at('secrets.json'),
    processes: at('pids.json'),
    stack: at('stack.json'),
    sample: at('sample.json'),
  };
}

/** A path as the person at the terminal would write it. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** Creates what the state folder holds, or says who may not write where. */
export function prepareStateFolder(state: StateFolder): void {
  for (const folder of [state.root, state.logs, state.emulators]) makeFolder(folder, state.root, elsewhere);
}

const elsewhere = ', or choose another folder: DARKROOM_DATA=/path/to/folder npm start';

/** Creates a folder that can be written to; the Problem otherwise is about `blame`, and may offer `another` way out. */
export function makeFolder(folder: string, blame = folder, another = ''): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritable(blame, error, another);
  }
}

function notWritable(path: string, error: unknown, another = ''): Problem {
  const code = errnoOf(error);
  if (code === 'ENOSPC') return problem(`The disk of ${shown(path)} is full.`, `Free some space${another}`, error);
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return problem(`${shown(path)} is not a folder.`, `Move that file away${another}`, error);
  }
  const how = `Make it yours: sudo chown -R "$USER" ${shown(path)}${another}`;
  return problem(`No permission to write to ${shown(path)} (${code}).`, how, error);
}

/** Reads a JSON file of ours. Undefined if there is none; a damaged one is a Problem, because guessing would lose keys. */
export function readState<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (errnoOf(error)) throw problem(`Cannot read ${shown(path)} (${errnoOf(error)}).`, permissionAdvice(path), error);
    throw problem(`${shown(path)} is damaged: it is not JSON.`, damageAdvice(dirname(path)), error);
  }
}

/** Writes whole or not at all: a kill between the two steps leaves the old file. */
export function writeState(path: string, value: unknown, mode = 0o600): void {
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode });
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw notWritable(path, error);
  }
}

const permissionAdvice = (path: string) =>
  `Make it readable for you (sudo chown "$USER" ${shown(path)}), then npm start`;

/** What to do about local state that cannot be used any more. */
export const damageAdvice = (folder: string) =>
  `Put it back from a copy, or start afresh: ${resetCommand(folder)} (deletes the local jobs and credits in ${shown(folder)})`;

/** A folder of one's own must be named, or the default one is deleted. */
const resetCommand = (folder: string) =>
  process.env.DARKROOM_DATA ? `DARKROOM_DATA=${shown(folder)} npm run reset` : 'npm run reset';
