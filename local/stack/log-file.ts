import { appendFileSync, renameSync, statSync } from 'node:fs';

const MOST_BYTES = 20_000_000;

/** Appends lines to a log; a file that has grown too long at the start becomes `….1`. */
export function openLog(file: string): (line: string) => void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES) renameSync(file, `${file}.1`);
  return (line) => appendFileSync(file, `${new Date().toISOString()} ${line}\n`);
}
