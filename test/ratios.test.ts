import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, gzippedKilobytes, WORKERS } from '../bench/http/bundles.ts';
import { type BenchStack, startBenchStack } from '../bench/http/stack.ts';
import { acceptCalls } from '../bench/rows/04-accept-calls.ts';
import { LIMIT_KB } from '../bench/rows/08-weight.ts';
import { countOperations, LIMITS } from '../bench/rows/12-billable.ts';

// The rows of the bench that count and do not time.
let stack: BenchStack;
const folder = mkdtempSync(join(tmpdir(), 'darkroom-ratios-'));

beforeAll(async () => {
  stack = await startBenchStack(() => {});
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  const [books] = await stack.check();
  await stack.end();
  expect(books?.names).toEqual([]);
});

test('row 4: accepting makes two calls in a row', async () => {
  expect(await acceptCalls(stack)).toEqual(['accept', 'publish']);
});

test('row 12: one job alone stays within its billable operations', async () => {
  const operations = await countOperations(stack);
  expect(operations['Worker requests']).toEqual(['jobs', 'wake', 'hooks', 'callbacks']);
  for (const [name, most] of Object.entries(LIMITS)) {
    const calls = operations[name as keyof typeof operations];
    expect(calls.length, `${name}: ${calls.join(', ')}`).toBeLessThanOrEqual(most);
  }
});

test.each(WORKERS)(`row 8: the Worker %s is below ${LIMIT_KB} kB gzipped`, async (worker) => {
  expect(gzippedKilobytes(await bundle(worker, folder))).toBeLessThan(LIMIT_KB);
});
