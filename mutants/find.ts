import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';

/** The one file that has the safeguard. Throws unless what is to be replaced is there exactly once. */
export function findSafeguard(root: string, { safeguard, where, find }: Mutant): string {
  const times = filesOf(root, where).map(
    (file) => [file, count(readFileSync(join(root, file), 'utf8'), find)] as const,
  );
  const found = times.filter(([, n]) => n > 0);
  const [file, n] = found[0] ?? ['', 0];
  if (found.length === 1 && n === 1) return file;
  const places = found.map(([name, many]) => `${many} × ${name}`).join(', ') || 'nowhere';
  throw new Error(`${safeguard}: "${find}" must stand in ${where} exactly once; it stands ${places}.`);
}

function filesOf(root: string, where: string): string[] {
  if (statSync(join(root, where)).isFile()) return [where];
  return readdirSync(join(root, where)).map((name) => `${where}/${name}`);
}

const count = (text: string, part: string) => text.split(part).length - 1;
