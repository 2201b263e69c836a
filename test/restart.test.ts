import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { dropStateFolder, newStateFolder, type RunningStack, runStack } from './run-stack.ts';
import type { StackValues } from './stack-values.ts';

const folder = newStateFolder();
let running: RunningStack | undefined;

afterAll(async () => {
  await running?.stop();
  dropStateFolder(folder);
});

/** Work at every stage when the kill comes: done, running, running for long, waiting behind it, promised and never done. */
const PROMPTS = ['plain', '#slow=3 slow', '#slow=6 slower', '#nohook quiet', '#lost answer', '#fail', '#dup=5 echo'];

/** A submission that the kill left in doubt is never repeated; its job ends here at the latest. */
const DEADLINE_SECONDS = 30;

async function submit({ origin, api_key: key }: StackValues, prompt: string): Promise<string> {
  const response = await fetch(`${origin}/v1/jobs`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'flux-dev', input: { prompt }, preview: false, deadline_seconds: DEADLINE_SECONDS }),
  });
  const { id } = (await response.json()) as { id: string };
  expect(response.status).toBe(202);
  return id;
}

async function statuses(ids: string[], database: pg.Client): Promise<string[]> {
  const { rows } = await database.query('select status from darkroom.jobs where id = any ($1)', [ids]);
  return rows.map((row) => row.status);
}

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
}, 60_000);

test('SIGKILL of the whole stack in the middle of work: the next start finishes every job, and the books are right', async () => {
  running = await runStack(['--no-sample'], folder);
  const before = running.read<StackValues>('stack.json');
  const ids: string[] = [];
  for (const prompt of [...PROMPTS, ...PROMPTS]) ids.push(await submit(before, prompt));
  await sleep(300);
  await running.kill();
  running = await runStack(['--no-sample'], folder);
  const after = running.read<StackValues>('stack.json');
  expect(after).toEqual({ ...before, user: expect.anything() });
  const database = new pg.Client({ connectionString: after.database_url });
  await database.connect();
  const ended = ['completed', 'failed', 'expired'];
  const until = Date.now() + 2 * DEADLINE_SECONDS * 1000;
  while (!(await statuses(ids, database)).every((status) => ended.includes(status)) && Date.now() < until)
    await sleep(200);
  const found = await statuses(ids, database);
  const broken = await database.query('select id, name, violations from darkroom.invariants() where violations <> 0');
  await database.end();
  expect(found.filter((status) => !ended.includes(status))).toEqual([]);
  expect(found.filter((status) => status === 'completed').length).toBeGreaterThan(PROMPTS.length);
  expect(broken.rows).toEqual([]);
}, 180_000);
