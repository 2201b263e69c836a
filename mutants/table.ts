import { basename } from 'node:path';
import type { Mutant } from './mutants.ts';

/** How the attempt to break one safeguard ended; `file` is where it stood. */
export type Row = { mutant: Mutant; file: string; caughtBy: string | undefined; seconds: number };

export const survivors = (rows: Row[]): Row[] => rows.filter(({ caughtBy }) => caughtBy === undefined);

/** As Markdown, with the count below. */
export function table(rows: Row[]): string {
  const lines = rows.map(({ mutant: { safeguard, taken, test }, file, caughtBy, seconds }) => {
    const by = caughtBy === undefined ? '**nothing**' : `${test.file}: ${caughtBy}`;
    return `| ${safeguard} | ${taken} (\`${basename(file)}\`) | ${by.replaceAll('|', '\\|')} | ${seconds} |`;
  });
  const alive = survivors(rows).map(({ mutant }) => mutant.safeguard);
  const head = '| safeguard | taken out | caught by | seconds |\n|---|---|---|---|';
  const survived = alive.length > 0 ? ` Survived: ${alive.join(', ')}.` : '';
  return `${head}\n${lines.join('\n')}\n\n${rows.length - alive.length} of ${rows.length} caught.${survived}\n`;
}
