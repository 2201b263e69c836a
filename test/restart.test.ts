import { afterAll, expect, test } from 'vitest';
import { dropStateFolder, newStateFolder, type RunningStack, runStack } from './run-stack.ts';

const folder = newStateFolder();
let running: RunningStack | undefined;

afterAll(async () => {
  await running?.stop();
  dropStateFolder(folder);
});

test('the first start runs a sample job and shows its picture, its cost and its webhook; the next one does not', async () => {
  running = await runStack([], folder);
  expect(running.printed()).toMatch(/job_\w+ completed at replicate/);
  expect(running.printed()).toMatch(/Picture: \w+, \d+ × \d+/);
  expect(running.printed()).toMatch(/Credits: 10000 before, \d+ after/);
  expect(running.printed()).toMatch(/Webhook: job.completed .* signature verified/);
  await running.stop();
  running = await runStack([], folder);
  expect(running.printed()).not.toContain('Credits:');
  await running.stop();
});
