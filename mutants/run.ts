import { breakSafeguard, copyProject } from './copy.ts';
import { type Mutant, mutants } from './mutants.ts';
import { type Outcome, runTests } from './run-tests.ts';

/**
 * `npm run mutants`: takes each of the ten safeguards out of a copy of the project and runs the test that must notice. Prints the table of
 * docs/reliability.md; ends 0 only if every one was noticed, by a test that passes while the safeguard is in place.
 */
type Row = { mutant: Mutant; caughtBy: string | undefined; seconds: number };

const log = (line: string) => void process.stderr.write(`${line}\n`);
const { folder, remove } = copyProject();
process.once('SIGINT', () => {
  remove();
  process.exit(130);
});
try {
  const whole = await runTests(folder, [...new Set(mutants.map(({ test }) => test.file))]);
  if (whole.failed.length > 0) throw new Error(`These fail with every safeguard in place: ${whole.failed.join('; ')}`);
  log(`With every safeguard in place ${whole.passed.length} tests pass.`);
  const rows: Row[] = [];
  for (const mutant of mutants) rows.push(await tryMutant(mutant, whole));
  process.stdout.write(table(rows));
  process.exitCode = rows.every(({ caughtBy }) => caughtBy !== undefined) ? 0 : 1;
} catch (error) {
  log(`✗ ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  remove();
}

async function tryMutant(mutant: Mutant, whole: Outcome): Promise<Row> {
  const began = performance.now();
  const { mend } = breakSafeguard(folder, mutant);
  try {
    const { failed } = await runTests(folder, [mutant.test.file], mutant.test.name);
    const caughtBy = failed.find((name) => whole.passed.includes(name));
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    log(`${caughtBy === undefined ? '✗ survived' : '✓ caught'}: ${mutant.safeguard} (${seconds} s)`);
    return { mutant, caughtBy, seconds };
  } finally {
    mend();
  }
}

function table(rows: Row[]): string {
  const lines = rows.map(({ mutant: { safeguard, patch, file, test }, caughtBy, seconds }) => {
    const by = caughtBy === undefined ? '**nothing**' : `${test.file}: ${caughtBy}`;
    return `| ${safeguard} | ${patch} (\`${file.replace(/^.*\//, '')}\`) | ${by.replaceAll('|', '\\|')} | ${seconds} |`;
  });
  const caught = rows.filter(({ caughtBy }) => caughtBy !== undefined).length;
  const head = '| safeguard | patch | caught by | seconds |\n|---|---|---|---|';
  return `${head}\n${lines.join('\n')}\n\n${caught} of ${rows.length} caught.\n`;
}
