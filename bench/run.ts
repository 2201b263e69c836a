import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBench, type Sound } from './bench.ts';
import { currentCommit, describeMachine } from './machine.ts';
import { parseOptions } from './options.ts';
import { table } from './report.ts';
import { type RowResult, runRow } from './row.ts';
import { loadRows } from './rows.ts';

/**
 * `npm run bench [-- --quick] [-- --only ROW]`: measures the rows, prints them as a Markdown table and writes `bench/results.json`. Ends 0
 * only if every row holds, and every invariant of the books on the databases that the rows have written to.
 */
const { quick, only } = parseOptions(process.argv.slice(2));
const log = (line: string) => void process.stderr.write(`${line}\n`);
const rows = await loadRows(only).catch((error: Error): never => {
  log(error.message);
  process.exit(2);
});
const machine = describeMachine();
const bench = createBench(quick, log);
const results: RowResult[] = [];
const books: Sound[] = [];

process.once('SIGINT', () => void bench.end().finally(() => process.exit(130)));
process.once('SIGTERM', () => void bench.end().finally(() => process.exit(143)));

try {
  for (const row of rows) {
    log(`${row.id} ${row.name} …`);
    const result = await runRow(row, bench);
    results.push(result);
    log(`  ${result.reason ?? `${result.ratio?.toFixed(2)} (aim ${result.aim})`} after ${result.seconds} s`);
    if (row.id !== rows.at(-1)?.id) books.push(...(await bench.check()));
  }
  books.push(...(await bench.check({ last: true })));
} finally {
  await bench.end();
}

const violations = books.reduce((sum, { violations }) => sum + violations, 0);
const report = { machine, commit: currentCommit(), quick, at: new Date().toISOString(), rows: results, books };
writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`${table(results)}\n`);
for (const { note, id } of results) if (note !== undefined) process.stdout.write(`\n${id}: ${note}\n`);
process.stdout.write(`\nInvariants of the books: ${violations} violations in ${books.length} databases\n`);
for (const { database, names } of books) if (names.length > 0) log(`✗ ${database}: ${names.join('; ')}`);
process.exitCode = violations === 0 && results.every(({ holds }) => holds) ? 0 : 1;
