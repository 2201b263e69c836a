import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export type Failure = { name: string; message: string };
/** The tests that ran, by how they ended. */
export type Outcome = { passed: string[]; failed: Failure[] };

type Assertion = { fullName: string; status: string; failureMessages?: string[] };
type Report = { testResults: { status: string; message?: string; assertionResults: Assertion[] }[] };

const PATIENCE_MS = 180_000;
/** What retries with pauses is to fail by what it did, not by how long it took. */
const TEST_MS = 60_000;

/**
 * Runs test files in a copy of the project, all their tests or those whose name has a part. Rejects if a file could not be run, be it
 * that a database did not start, a migration did not apply, or nothing has that name: that says nothing about the tests.
 */
export async function runTests(folder: string, files: string[], name = ''): Promise<Outcome> {
  const file = join(folder, 'report.json');
  rmSync(file, { force: true });
  const only = name === '' ? [] : ['-t', name];
  const report = ['--reporter=json', `--outputFile=${file}`];
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...files, ...only, ...report, `--testTimeout=${TEST_MS}`];
  const printed = await runNode(folder, args);
  return readOutcome(readReport(file, printed), printed);
}

function readOutcome({ testResults }: Report, printed: string): Outcome {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const passed = results.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName.trim());
  const failed = results
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages = [] }) => ({ name: fullName.trim(), message: failureMessages.join('\n') }));
  const broken = testResults.find(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
  );
  if (broken) throw new Error(`A test file could not be run: ${broken.message || printed.slice(-2_000)}`);
  if (passed.length + failed.length === 0) throw new Error(`No test ran:\n${printed.slice(-2_000)}`);
  return { passed, failed };
}

function readReport(file: string, printed: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    throw new Error(`The tests left no report:\n${printed.slice(-2_000)}`);
  }
}

/** What it prints; a test run that fails is an answer like any other. */
function runNode(folder: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined, DARKROOM_SEAMS: undefined, NO_COLOR: '1' };
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env,
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        printed += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', () => resolve(printed));
  });
}
