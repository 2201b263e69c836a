import { unwrap } from '../../shared/errors/result.ts';
import { deliverDue } from './deliver-due.ts';
import type { CallbackDeps } from './deps.ts';

const MAX_ATTEMPTS = 500;
const MAX_DELIVERIES = 100;
/** Cron gives a minute; what is left comes with the next one. */
const DELIVERY_BUDGET_MS = 20_000;

/**
 * What is due: verdicts whose callback never came, deadlines, held previews; then deliveries, those of just now included. They leave
 * even if the first half fails, and then the failure is thrown. Returns counts.
 */
export async function runSweep(deps: CallbackDeps) {
  const [swept] = await Promise.allSettled([sweepJobs(deps)]);
  const delivered = await deliverDue(deps, MAX_DELIVERIES, DELIVERY_BUDGET_MS);
  if (swept.status === 'rejected') throw swept.reason;
  return { ...swept.value, delivered };
}

async function sweepJobs({ db, wake }: CallbackDeps) {
  const { lanes, ...counts } = unwrap(await db.sweep(MAX_ATTEMPTS));
  await wake(lanes);
  return counts;
}
