import { recordCalls, roleOf } from '../http/calls.ts';
import type { BenchStack } from '../http/stack.ts';
import type { Row } from '../row.ts';

/** What `submit` asks of others to accept one job, one after the other. The client waits for the first; a wake-up is published beside the answer. */
export const row: Row = {
  id: 4,
  name: "accept's upstream calls",
  async run(bench) {
    const names = await acceptCalls(await bench.stack());
    const note = names.join(', then ');
    return [{ measured: names.length, against: 1, unit: 'calls a job', aim: { most: 2 }, note }];
  },
};

/** Their names, in order. No key takes work meanwhile, so that nobody else calls; side by side they would still count one each. */
export async function acceptCalls(stack: BenchStack): Promise<string[]> {
  const setSlots = (slots: number) =>
    stack.pool().query('update darkroom.provider_api_keys set max_concurrency = $1', [slots]);
  await setSlots(0);
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  const body = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
  const { result, calls } = await recordCalls(stack, () => stack.api('/v1/jobs', { key, body }));
  await stack.api(`/v1/jobs/${result.body.id}/cancel`, { method: 'POST', key });
  await setSlots(10);
  if (result.status !== 202)
    throw new Error(`The job was not accepted: ${result.status} ${JSON.stringify(result.body)}`);
  return calls
    .filter(({ service, seen }) => service !== 'supabase' || roleOf(seen) === 'submit')
    .filter(({ service }) => service !== 'front')
    .map(({ name, service }) => (service === 'redis' ? 'redis' : name));
}
