import { endLeftoverServer } from '../postgres/leftover.ts';
import { endProcess, ownChildren, type Recorded, stillThere } from './processes.ts';
import { readState, type StateFolder, writeState } from './state-folder.ts';

/** Writes down which processes belong to this stack, for the start after a kill that leaves them behind. */
export function recordChildren(state: StateFolder): void {
  writeState(state.processes, ownChildren(), 0o644);
}

/**
 * Ends what an earlier, killed stack left running, each only if it is still the process that was written down, and the
 * database in its own way. Answers how many there were.
 */
export async function endLeftovers(state: StateFolder): Promise<number> {
  const database = await endLeftoverServer(state.postgres);
  const left = readRecorded(state).filter(stillThere);
  await Promise.all(left.map((process) => endProcess(process, 'SIGTERM', 1000)));
  return left.length + Number(database);
}

function readRecorded(state: StateFolder): Recorded[] {
  try {
    return readState<Recorded[]>(state.processes) ?? [];
  } catch {
    // Only a help; nothing is lost with it.
    return [];
  }
}
