import { existsSync, readdirSync, rmSync } from 'node:fs';
import { databaseAddress, shownDatabase } from './stack/database-address.ts';
import { readDevVars } from './stack/dev-vars.ts';
import { lockStateFolder } from './stack/lock.ts';
import { isProblem, problem } from './stack/problem.ts';
import { shown, stateFolder } from './stack/state-folder.ts';

/** `npm run reset`: deletes the local jobs, credits, assets and secrets. Refuses while a stack runs, and on other folders. */
const state = stateFolder();
const OURS = ['secrets.json', 'ports.json', 'postgres', 'lock'];

function reset(): void {
  const names = existsSync(state.root) ? readdirSync(state.root) : [];
  if (names.length > 0 && !names.some((name) => OURS.includes(name))) {
    throw problem(`${shown(state.root)} is no state folder of Darkroom.`, 'Check DARKROOM_DATA');
  }
  if (names.includes('lock')) lockStateFolder(state).release();
  const elsewhere = realDatabase();
  rmSync(state.root, { recursive: true, force: true });
  console.log(`Deleted ${shown(state.root)}. The next npm start begins afresh.`);
  if (elsewhere) console.log(`The database that .dev.vars names (${elsewhere}) was not touched. ${LOST}`);
}

const LOST = 'Provider keys that were sealed there under the deleted secrets can no longer be opened.';

/** Whatever else is wrong in `.dev.vars` is no reason to keep local state. */
function realDatabase(): string | undefined {
  try {
    const { SUPABASE_DB_URL: address } = readDevVars();
    return address && shownDatabase(databaseAddress(address));
  } catch {
    return undefined;
  }
}

try {
  reset();
} catch (error) {
  if (!isProblem(error)) throw error;
  console.error(`\n✗ ${error.message}\n  ${error.wayOut}.\n`);
  process.exitCode = 1;
}
