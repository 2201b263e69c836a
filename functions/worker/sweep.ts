import { Hono } from 'hono';
import { eachLimited } from '../../shared/async/each-limited.ts';
import { unwrap } from '../../shared/errors/result.ts';
import type { SignedVariables } from '../../shared/internal/signed-only.ts';
import { announce } from './announce.ts';
import type { WorkerDeps } from './deps.ts';
import { destroyAssets } from './destroy-assets.ts';
import { cancelAttempt, pollAttempt } from './poll-attempt.ts';

const MAX_ATTEMPTS = 500;
const AT_ONCE = 10;
/** Cron gives a minute. What there was no time for comes back with the end of its lease, a cancel with its attempt's next check. */
const BUDGET_MS = 25_000;

/** `POST /internal/sweep`, signed by another part of ours: does all that is due, here and in `callback`. Answers what it did. */
export function sweepRoutes(deps: WorkerDeps) {
  return new Hono<{ Variables: SignedVariables }>().post('/internal/sweep', async (c) => c.json(await runSweep(deps)));
}

/**
 * Wakes lanes, polls what is due, tells providers to cancel, sends callbacks that never got through, destroys assets of deleted jobs; then
 * the sweeps of `callback` and `keys`, even if the first part failed: none may hold up the others.
 */
export async function runSweep(deps: WorkerDeps) {
  const [swept] = await Promise.allSettled([sweepAttempts(deps)]);
  const [callback, keys] = await Promise.all([sweepOther(deps, 'callbacks'), sweepOther(deps, 'keys')]);
  if (swept.status === 'rejected') throw swept.reason;
  return { ...swept.value, callback, keys };
}

async function sweepOther({ post, log }: WorkerDeps, part: 'callbacks' | 'keys'): Promise<number> {
  const id = `sweep_${crypto.randomUUID().replaceAll('-', '')}`;
  const { status } = await post(`/internal/${part}/sweep`, { id, body: {} });
  if (status !== 200) log('warn', 'other_sweep_failed', { part, status });
  return status;
}

async function sweepAttempts(deps: WorkerDeps) {
  const end = deps.now() + BUDGET_MS;
  const { attempts, cancels, ended, lanes, assets } = unwrap(await deps.db.dueAttempts(MAX_ATTEMPTS));
  const tasks = [
    () => deps.wake(lanes),
    ...cancels.map((work) => () => cancelAttempt(deps, work)),
    ...ended.map((one) => () => announce(deps, one)),
    ...attempts.map((work) => () => pollAttempt(deps, work)),
    () => destroyAssets(deps, assets),
  ];
  await eachLimited(tasks, { limit: AT_ONCE, enough: () => deps.now() >= end }, (task) =>
    task().catch((error) => deps.log('error', 'sweep_task_failed', { error })),
  );
  return { polled: attempts.length, canceled: cancels.length, announced: ended.length, woken: lanes.length };
}
