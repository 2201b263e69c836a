import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, call, isOpen, type Target } from './client.ts';
import { learn, type OperationLog } from './operation-log.ts';
import type { JobPlan, Operation } from './plan-jobs.ts';
import type { World } from './world.ts';

export const clientTarget = ({ seams }: Pick<World, 'seams'>): Target => ({ origin: () => seams.client.origin });

/** The request that an operation sends, the same at every try. */
export function requestOf({ accounts, plan, seams }: World, operation: Operation): Call {
  const { id, account, keyed, jobs, wait } = operation;
  const owner = accounts[account];
  if (owner === undefined) throw new Error(`operation ${id} has no account`);
  const bodies = jobs.map((job, n) => bodyOf(job, { operation: id, n }, `${seams.inbox.origin}/${owner.name}`));
  return {
    path: jobs.length === 1 ? '/v1/jobs' : '/v1/batches',
    apiKey: owner.apiKey,
    body: jobs.length === 1 ? bodies[0] : { jobs: bodies },
    ...(keyed && { key: `chaos-${plan.seed}-${id}` }),
    ...(wait > 0 && { wait }),
  };
}

function bodyOf(job: JobPlan, metadata: object, inbox: string): object {
  return {
    model: job.model,
    input: { prompt: job.prompt },
    metadata,
    priority: job.priority,
    ...(job.count > 1 && { count: job.count }),
    ...(job.preview !== false && { preview: job.preview }),
    ...(job.deadline !== null && { deadline_seconds: job.deadline }),
    ...(job.webhook && { webhook_url: inbox }),
  };
}

/** Sends it until something is known, as a client with an Idempotency-Key may. */
export async function submit(world: World, log: OperationLog, tries: number): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const answer = await call(clientTarget(world), log.request);
    learn(world, log, answer);
    if (!isOpen(answer) || attempt === tries - 1) return;
    const asked = Number(answer.headers.get('retry-after') ?? 0) * 1000;
    await sleep(Math.min(Math.max(asked, 250 * 2 ** attempt), 6_000));
  }
}
