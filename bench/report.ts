import type { Judged, RowResult } from './row.ts';

/** The Markdown table that docs/performance.md holds: a line for each row, and one for each ratio of a row with several. */
export function table(rows: RowResult[]): string {
  const lines = rows.flatMap(linesOf);
  const head = ['#', 'row', 'measured', 'against', 'ratio', 'aim', ''];
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const format = (cells: string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n');
}

function linesOf(row: RowResult): string[][] {
  const verdict = row.holds ? 'holds' : 'fails';
  if (row.reason !== undefined) return [[`${row.id}`, `${row.name}: ${row.reason}`, '', '', '', '', verdict]];
  if (row.ratios === undefined) return [[`${row.id}`, row.name, ...cells(row as unknown as Judged)]];
  return row.ratios.map((ratio) => [`${row.id}`, `${row.name}: ${ratio.name}`, ...cells(ratio)]);
}

const cells = ({ measured, against, unit, ratio, aim, holds }: Judged) => [
  `${figure(measured)} ${unit}`,
  `${figure(against)} ${unit}`,
  ratio.toFixed(ratio >= 10 ? 1 : 2),
  aim,
  holds ? 'holds' : 'fails',
];

/** Three digits that matter, and no more. */
export function figure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return Number(value.toPrecision(3)).toString();
}
