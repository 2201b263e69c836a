import { styleText } from 'node:util';
import type { KeyCheck } from '../../shared/providers/types.ts';

/** One key that was tried; `where` is its variable or its name in the stack. */
export type TriedKey = KeyCheck & { provider: string; where: string; last4: string; ms: number };

const COLOURS = { valid: 'green', invalid: 'red', out_of_credit: 'yellow', unreachable: 'gray' } as const;
const HEAD = ['PROVIDER', 'WHERE', 'KEY', 'RESULT', 'MS', 'SAYS'];
const RESULT = 3;

/** Aligned columns, one key a line. */
export function keyTable(keys: TriedKey[]): string {
  const rows = keys.map(({ provider, where, last4, result, ms, message }) => [
    provider,
    where,
    last4 && `…${last4}`,
    result,
    String(ms),
    message,
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const painted = rows.map((row, at) => line(row).replace(row[RESULT] ?? '', (text) => paint(keys[at]?.result, text)));
  return [line(HEAD), ...painted].join('\n');
}

const paint = (result: KeyCheck['result'] | undefined, text: string) =>
  result ? styleText(COLOURS[result], text) : text;
