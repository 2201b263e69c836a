import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the tests that ran, by how they ended. */
export type Outcome = { passed: string[]; failed: string[] };

type Report = { testResults: { assertionResults: { fullName: string; status: string }[] }[] };

const PATIENCE_MS = 180_000;

/** Runs test files in a copy of the project, all their tests or those whose name has a part. Rejects if no test could run at all. */
export async function runTests(folder: string, files: string[], name = ''): Promise<Outcome> {
  const file = join(folder, 'report.json');
  rmSync(file, { force: true });
  const only = name === '' ? [] : ['-t', name];
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...files, ...only, '--reporter=json', `--outputFile=${file}`];
  const printed = await runNode(folder, args);
  const results = readReport(file, printed).testResults.flatMap(({ assertionResults }) => assertionResults);
  const those = (status: string) =>
    results.filter((one) => one.status === status).map(({ fullName }) => fullName.trim());
  const outcome = { passed: those('passed'), failed: those('failed') };
  if (outcome.passed.length + outcome.failed.length === 0) throw new Error(`No test ran:\n${printed.slice(-2_000)}`);
  return outcome;
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
    const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined, DARKROOM_SEAMS: undefined };
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
