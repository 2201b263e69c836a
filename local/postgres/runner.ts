import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { chownSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { problem } from '../stack/problem.ts';
import { shown } from '../stack/state-folder.ts';

/** Starts PostgreSQL's programs as somebody who may: they refuse to run as root. */
export type Runner = {
  run: (program: string, args: string[], options: SpawnOptions) => ChildProcess;
  /** Gives a file or folder to the user that the programs run as. */
  own: (path: string) => void;
};

type Account = { name: string; uid: number; gid: number };

/** As oneself; as root, as the owner of `reach[0]` or the first of a few accounts that every system has. */
export function createRunner(reach: string[]): Runner {
  if (process.getuid?.() !== 0) return { run: spawn, own: () => {} };
  const account = chooseAccount(reach[0]);
  const { uid, gid } = account;
  const own = (path: string) => chownSync(path, uid, gid);
  if (reach.every((path) => canEnter(path, account))) {
    return { own, run: (program, args, options) => spawn(program, args, { ...options, uid, gid }) };
  }
  return {
    own,
    run: (program, args, options) => spawn('setpriv', [...throughClosedFolders(account), program, ...args], options),
  };
}

/**
 * A project below `/root` is out of reach for any other account. One capability, the right to pass closed folders, lets
 * that account in without loosening the folders themselves.
 */
const throughClosedFolders = ({ uid, gid }: Account): string[] => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
];

function chooseAccount(folder: string | undefined): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map(parseAccount);
  const owner = folder === undefined ? 0 : (statOf(folder)?.uid ?? 0);
  const wanted = owner === 0 ? ['postgres', 'nobody', 'daemon'] : [];
  const found = accounts.find((account) => owner !== 0 && account.uid === owner) ?? byName(accounts, wanted);
  if (found !== undefined) return found;
  throw problem(
    'PostgreSQL does not run as root, and there is no other account here to run it as.',
    'Start as an ordinary user, or add an account: useradd postgres',
  );
}

const byName = (accounts: Account[], names: string[]) =>
  names.map((name) => accounts.find((account) => account.name === name)).find((account) => account !== undefined);

function parseAccount(line: string): Account {
  const [name = '', , uid, gid] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid) };
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Whether the account can pass every folder on the way; without one that fits, `setpriv` has to help. */
function canEnter(path: string, { uid, gid }: Account): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stat = statOf(folder);
    if (stat !== undefined && !mayPass(stat, uid, gid)) return false;
    if (folder === dirname(folder)) return true;
  }
}

function mayPass({ mode, uid, gid }: Stats, asUid: number, asGid: number): boolean {
  if (uid === asUid) return (mode & 0o100) !== 0;
  if (gid === asGid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

/** What to say when the programs could not even be started. */
export const cannotRun = (folder: string, cause: unknown) =>
  problem(
    `PostgreSQL could not be started in ${shown(folder)}: ${(cause as Error).message}.`,
    'As root it needs util-linux (setpriv) or a folder others may enter: DARKROOM_DATA=/srv/darkroom npm start',
    cause,
  );
