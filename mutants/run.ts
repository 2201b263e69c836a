import { breakSafeguard, copyProject } from './copy.ts';
import { type Mutant, mutants } from './mutants.ts';
import { type Outcome, runTests } from './run-tests.ts';
import { type Row, survivors, table } from './table.ts';

/**
 * `npm run mutants`: takes each of the ten safeguards out of a copy of the project and runs the test that must notice. Prints the table of
 * docs/reliability.md; ends 0 only if every one was noticed, by a test that passes while the safeguard is in place.
 */
const log = (line: string) => void process.stderr.write(`${line}\n`);
const { folder, remove } = copyProject();
process.once('SIGINT', () => {
  remove();
  process.exit(130);
});
try {
  const whole = await runTests(folder, [...new Set(mutants.map(({ test }) => test.file))]);
  if (whole.failed.length > 0)
    throw new Error(`These fail with every safeguard in place: ${whole.failed.map(({ name }) => name).join('; ')}`);
  log(`With every safeguard in place ${whole.passed.length} tests pass.`);
  const rows: Row[] = [];
  for (const mutant of mutants) rows.push(await tryMutant(mutant, whole));
  process.stdout.write(table(rows));
  process.exitCode = survivors(rows).length === 0 ? 0 : 1;
} catch (error) {
  log(`✗ ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  remove();
}

async function tryMutant(mutant: Mutant, whole: Outcome): Promise<Row> {
  const began = performance.now();
  const { file, mend } = breakSafeguard(folder, mutant);
  const caughtBy = await whoNotices(mutant, whole).finally(mend);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  log(`${caughtBy === undefined ? '✗ survived' : '✓ caught'}: ${mutant.safeguard} (${seconds} s)`);
  return { mutant, file, caughtBy, seconds };
}

/** The name of a test that fails now and passes otherwise. Nobody notices in a copy that cannot be tested, nor by being slow. */
async function whoNotices({ test, safeguard }: Mutant, whole: Outcome): Promise<string | undefined> {
  try {
    const { failed } = await runTests(folder, [test.file], test.name);
    const found = failed.find(({ name, message }) => whole.passed.includes(name) && !message.includes('timed out'));
    if (found !== undefined) log(`  ${found.name}\n    ${found.message.trim().split('\n', 3).join('\n    ')}`);
    return found?.name;
  } catch (error) {
    log(`  ${safeguard}: ${(error as Error).message}`);
    return undefined;
  }
}
