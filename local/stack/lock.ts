import { DatabaseSync } from 'node:sqlite';
import { problem } from './problem.ts';
import { readState, type StateFolder, shown } from './state-folder.ts';

/**
 * Takes the state folder for this process. The lock is the operating system's (SQLite holds it), so a killed process
 * cannot leave one behind.
 */
export function lockStateFolder(state: StateFolder): { release: () => void } {
  const database = new DatabaseSync(state.lock);
  try {
    database.exec('pragma locking_mode = exclusive; begin exclusive; commit');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw unusable(state, error);
    throw problem(`Darkroom already runs on ${shown(state.root)}${whereItRuns(state)}.`, otherFolder, error);
  }
  return { release: () => database.close() };
}

const SQLITE_BUSY = 5;
const otherFolder = 'Stop it first (Ctrl-C), or run a second one: DARKROOM_DATA=.local-2 PORT=8788 npm start';

function whereItRuns(state: StateFolder): string {
  const stack = readState<{ origin: string }>(state.stack);
  return stack === undefined ? '' : ` (${stack.origin})`;
}

const unusable = (state: StateFolder, error: unknown) =>
  problem(
    `${shown(state.lock)} cannot be used: ${(error as Error).message}.`,
    `Delete it: rm ${shown(state.lock)}`,
    error,
  );
