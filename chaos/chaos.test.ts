import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Result } from './result.ts';

/** What thirty jobs are enough to meet: at every seam something, and nothing that takes the whole stack down for seconds. */
const FAULTS = [
  ...['02', '03', '04', '08', '11', '14', '21', '22', '26', '27', '30', '31', '35', '40', '41', '42', '47', '53'],
  ...['request-lost', 'request-duplicated', 'accepted-answer-lost', 'webhook-forged'],
  ...['callback-lost', 'callback-duplicated', 'callback-forged', 'delivery-refused'],
];

/** One short run, as people start it. Long ones are `npm run chaos`. */
test('thirty jobs under faults: nothing lost, charged twice, kept, violated or stuck', {
  timeout: 170_000,
}, async ({ signal }) => {
  const args = ['--seed', '20261121', '--jobs', '30', '--faults', FAULTS.join()];
  const { code, result, log } = await runChaos(args, signal);
  expect({ ...result, faults: {}, accepted: 0 }, log).toEqual({
    seed: 20261121,
    jobs: 30,
    accepted: 0,
    faults: {},
    violations: 0,
    lost: 0,
    double_charged: 0,
    unrefunded: 0,
    stuck: 0,
  });
  expect(code, log).toBe(0);
  expect(result.accepted).toBeGreaterThanOrEqual(15);
  expect(Object.keys(result.faults).length, log).toBeGreaterThanOrEqual(13);
});

type Ran = { code: number | null; result: Result; log: string };

/** Ended with everything that it started once `signal` says that nobody waits any more. */
async function runChaos(args: string[], signal: AbortSignal): Promise<Ran> {
  const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined };
  const cwd = resolve(import.meta.dirname, '..');
  const run = spawn(process.execPath, ['chaos/run.ts', ...args], { cwd, env, signal });
  let printed = '';
  let log = '';
  run.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  run.stderr.on('data', (chunk: Buffer) => {
    log += chunk;
  });
  const code = await new Promise<number | null>((done, failed) => run.once('error', failed).once('close', done));
  const last = printed.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`No result:\n${log}`);
  return { code, result: JSON.parse(last) as Result, log };
}
