import { eachLimited } from '../../shared/async/each-limited.ts';
import type { DueDelivery } from '../../shared/db/callback.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { deliver } from './deliver.ts';
import type { CallbackDeps } from './deps.ts';

const ENDPOINTS_AT_ONCE = 20;
/** One slow partner takes few of our connections, and a burst is no attack on a small one. */
const PER_ENDPOINT = 2;

/**
 * Sends up to `max` messages that are due and records each try; returns how many. Those that `budgetMs` leaves no time for come back
 * with the end of their lease. What cannot be recorded is sent again: partners know a message by its id.
 */
export async function deliverDue(deps: CallbackDeps, max: number, budgetMs: number): Promise<number> {
  const due = unwrap(await deps.db.dueDeliveries(max));
  const end = deps.now() + budgetMs;
  const enough = () => deps.now() >= end;
  let sent = 0;
  await eachLimited(byEndpoint(due), { limit: ENDPOINTS_AT_ONCE, enough }, (deliveries) =>
    eachLimited(deliveries, { limit: PER_ENDPOINT, enough }, async (delivery) => {
      await deliverOne(deps, delivery);
      sent++;
    }),
  );
  return sent;
}

async function deliverOne(deps: CallbackDeps, delivery: DueDelivery): Promise<void> {
  const { id, attempt } = delivery;
  try {
    const result = await deliver(deps, delivery);
    const recorded = await deps.db.recordDelivery(id, attempt, result);
    deps.log('info', 'delivery', { delivery: id, attempt, http_status: result.http_status, error: result.error });
    if (!recorded.ok) deps.log('warn', 'delivery_not_recorded', { delivery: id, code: recorded.refusal.code });
  } catch (error) {
    deps.log('error', 'delivery_broke', { delivery: id, error });
  }
}

function byEndpoint(due: DueDelivery[]): DueDelivery[][] {
  return Object.values(Object.groupBy(due, ({ url }) => URL.parse(url)?.origin ?? url)).filter(
    (group) => group !== undefined,
  );
}
