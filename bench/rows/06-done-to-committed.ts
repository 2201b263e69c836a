import { waitFor } from '../../test/client.ts';
import type { Seen } from '../../test/seam.ts';
import { type Call, recordCalls, sentOn } from '../http/calls.ts';
import { type EmptyHop, type Hop, startHop } from '../http/hop.ts';
import type { BenchStack } from '../http/stack.ts';
import type { Row } from '../row.ts';
import { median } from '../statistics.ts';

/**
 * The hops between a provider's webhook and the settled job, each waiting for the one before:
 * webhook → worker, worker → open_verdict, worker → Cloudinary, Cloudinary → the picture, worker → record_verdict, worker → callback,
 * callback → apply_callback. All but the picture's pass a seam and are counted there; Cloudinary fetches the picture itself.
 */
const PICTURE = 1;
/** Jobs before the first that counts: what runs for the first time is compiled on the way. */
const WARM_UP = 10;

/**
 * The provider's webhook is caught on its way and posted again by the bench: it is answered once its job has been settled. Each job is
 * followed by one measurement of a hop, through a seam as well.
 */
export const row: Row = {
  id: 6,
  name: 'done to committed',
  async run(bench) {
    const stack = await bench.stack();
    const { api_key: key } = await stack.makeAccount({ credits: 1_000_000 });
    const hop = await startHop(stack);
    stack.seams.front.treat(({ path }) => (/^\/(hooks|internal\/sweep)/.test(path) ? 'cut' : 'pass'));
    try {
      for (let n = 0; n < WARM_UP; n++) await settleOne(stack, hop, key);
      const jobs: Settled[] = [];
      const hops: EmptyHop[] = [];
      for (let n = 0; n < (bench.quick ? 15 : 100); n++) {
        jobs.push(await settleOne(stack, hop, key));
        hops.push(await hop.measure());
      }
      const rounds = jobs.map((job, at) => ({ measured: job.ms, against: alone(job, hops[at] as EmptyHop) }));
      const measured = median(rounds.map((round) => round.measured));
      const against = median(rounds.map((round) => round.against));
      const count = median(jobs.map(({ calls }) => calls.length + PICTURE));
      const way = (name: keyof EmptyHop) => median(hops.map((hop) => hop[name])).toFixed(2);
      const note =
        `${count} hops. The way alone takes ${way('toService')} ms to a service, ${way('toWorker')} ms to a Worker, ` +
        `${way('fromRest')} ms to one at rest; what the services did took, in ms: ${stepsOf(jobs)}`;
      return [{ measured, against, unit: 'ms', aim: { most: 1.2 }, rounds, note }];
    } finally {
      await hop.end();
      stack.seams.front.treat(() => 'pass');
    }
  },
};

/** `ms`: from the webhook until the transaction that settled the job had been answered. */
type Settled = { ms: number; calls: Call[] };

/** One job up to its webhook; then, timed, from the webhook to the settlement. */
async function settleOne(stack: BenchStack, { post }: Hop, key: string): Promise<Settled> {
  const body = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
  const { status, body: job } = await stack.api('/v1/jobs', { key, body });
  if (status !== 202) throw new Error(`The job was not accepted: ${status}`);
  const hook = await webhookOf(stack, job.id);
  const begin = performance.now();
  const { result, calls } = await recordCalls(stack, async () => {
    return (await post({ path: hook.path, headers: sentOn(hook), body: hook.body })).text;
  });
  const settled = calls.find(({ name }) => name === 'apply_callback')?.seen.answered ?? Number.NaN;
  if (!result.includes('recorded')) throw new Error(`The webhook of ${job.id} was answered ${result}`);
  const { rows } = await stack.pool().query('select status from darkroom.jobs where id = $1', [job.id]);
  if (rows[0].status !== 'completed') throw new Error(`${job.id} is ${rows[0].status} after its webhook`);
  return { ms: settled - begin, calls: [webhook(hook.path, begin), ...calls.filter(({ name }) => IN_ROW.has(name))] };
}

/** The one that says it succeeded. Those of earlier jobs come again, because nobody answered them. */
async function webhookOf(stack: BenchStack, job: string): Promise<Seen> {
  const attempt = await waitFor(async () => {
    const { rows } = await stack
      .pool()
      .query<{ id: string }>('select id from darkroom.attempts where job_id = $1', [job]);
    return rows[0]?.id;
  });
  const isHook = ({ path, body }: Seen) => path.includes(attempt) && body.includes('succeeded');
  return waitFor(async () => stack.seams.front.seen.find(isHook));
}

/** The calls on the way; what `callback` does once it has answered is not. */
const IN_ROW = new Set(['open_verdict', 'upload', 'record_verdict', 'callbacks', 'apply_callback']);

const webhook = (path: string, at: number): Call => {
  return { service: 'front', name: 'webhook', seen: { path, at, method: 'POST', headers: {}, body: '' } };
};

const took = ({ seen }: Call) => (seen.answered ?? Number.NaN) - seen.at;
/** Those that end at a service; the callback holds one of them. */
const atService = ({ service }: Call) => service !== 'front';

/**
 * Milliseconds that its hops take by themselves: the way to each, measured beside the job, and what the services did at their ends. The
 * first one, the webhook's, meets a Worker at rest.
 */
function alone({ calls: [, ...calls] }: Settled, { toService, toWorker, fromRest }: EmptyHop): number {
  return calls.reduce((sum, call) => sum + (atService(call) ? toService + took(call) : toWorker), fromRest);
}

/** `open_verdict 3.1, upload …`: medians. */
function stepsOf(jobs: Settled[]): string {
  const steps = jobs[0]?.calls.filter(atService) ?? [];
  const medianOf = (name: string) =>
    median(jobs.flatMap(({ calls }) => calls.filter((call) => call.name === name).map(took)));
  return steps.map(({ name }) => `${name} ${medianOf(name).toFixed(1)}`).join(', ');
}
