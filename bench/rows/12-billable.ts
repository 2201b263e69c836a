import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, of, recordCalls } from '../http/calls.ts';
import type { BenchStack } from '../http/stack.ts';
import type { Ratio, Row } from '../row.ts';

export const LIMITS = { 'QStash messages': 2, 'Worker requests': 6, 'database calls': 8, 'Redis commands': 1 };
export type Operation = keyof typeof LIMITS;

/** What one job costs in operations that the vendors count, from the client's request until nothing more happens, with nobody else there. */
export const row: Row = {
  id: 12,
  name: 'billable operations of one job',
  async run(bench) {
    const operations = await countOperations(await bench.stack());
    return (Object.keys(LIMITS) as Operation[]).map((name): Ratio => {
      const calls = operations[name];
      return {
        name,
        measured: calls.length,
        against: 1,
        unit: 'a job',
        aim: { most: LIMITS[name] },
        note: calls.join(', '),
      };
    });
  },
};

/** Their names, in order. The isolates have seen a job before: what they look up once is no part of each. */
export async function countOperations(stack: BenchStack): Promise<Record<Operation, string[]>> {
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  stack.pauseSweeps();
  await runJob(stack, key);
  const { calls } = await recordCalls(stack, () => runJob(stack, key));
  stack.seams.front.treat(() => 'pass');
  return {
    'QStash messages': names(of(calls, 'qstash').filter(({ name }) => name === 'publish')),
    'Worker requests': names(of(calls, 'front')),
    'database calls': names(of(calls, 'supabase')),
    'Redis commands': of(calls, 'redis').flatMap(commandsOf),
  };
}

const names = (calls: Call[]) => calls.map(({ name }) => name);

/** One request may carry several commands: `[["GET", …], …]` is a pipeline, `["GET", …]` is one. */
function commandsOf({ seen }: Call): string[] {
  const body = JSON.parse(seen.body || '[]') as (string | string[])[];
  return Array.isArray(body[0]) ? body.map((command) => `${command[0]}`) : [`${body[0] ?? seen.path}`];
}

/** The job goes in through the front seam as well. Its end is looked up in the database, which no Worker is asked for. */
async function runJob(stack: BenchStack, key: string): Promise<void> {
  const response = await fetch(`${stack.seams.front.origin}/v1/jobs`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'flux-dev', input: { prompt: 'a lighthouse' } }),
  });
  const { id } = (await response.json()) as { id: string };
  const status = async () =>
    (await stack.pool().query<{ status: string }>('select status from darkroom.jobs where id = $1', [id])).rows[0]
      ?.status;
  const until = performance.now() + 30_000;
  while ((await status()) !== 'completed') {
    if (performance.now() > until) throw new Error(`${id} was ${await status()} after 30 s`);
    await sleep(20);
  }
  // What follows the answer to the callback.
  await sleep(1_000);
}
