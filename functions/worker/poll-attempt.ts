import type { Work } from '../../shared/db/rows.ts';
import { unwrap } from '../../shared/errors/result.ts';
import type { Verdict as Polled } from '../../shared/providers/types.ts';
import { usualWait } from './check-after.ts';
import { conclude, recordVerdict } from './conclude.ts';
import type { WorkerDeps } from './deps.ts';
import { openProvider, stateOf } from './open-provider.ts';
import { failed } from './verdict.ts';

const LOOK_AFTER_SECONDS = 30;
/** A canceled attempt should give its slot back soon. */
const CANCELED_SECONDS = 5;

/**
 * Asks the provider how an attempt stands. Only a terminal answer ends it: a poll that is refused, times out or finds nothing is no
 * verdict, and an attempt whose submission was never answered is waited for, never submitted again.
 */
export async function pollAttempt(deps: WorkerDeps, work: Work): Promise<void> {
  const state = stateOf(deps, work);
  if (!state) return waitForWord(deps, work);
  const opened = await openProvider(deps, work);
  if (!opened.ok) return reschedule(deps, work, LOOK_AFTER_SECONDS);
  const outcome = await opened.provider.status(state);
  if (outcome.status === 'pending' || outcome.status === 'ambiguous') {
    await reschedule(deps, work, waitAfter(deps, work, outcome));
    // It still runs: whoever was to tell the provider may have died before.
    if (outcome.status === 'pending' && work.cancel_requested) await opened.provider.cancel?.(state);
    return;
  }
  const opening = unwrap(await deps.db.openVerdict(work.attempt_id, state.request_id));
  if (opening.leased) await conclude(deps, opening.work, outcome);
}

/** Tells the provider to stop. What comes of it is learned as always: by webhook or poll. */
export async function cancelAttempt(deps: WorkerDeps, work: Work): Promise<void> {
  const state = stateOf(deps, work);
  const opened = state && (await openProvider(deps, work));
  if (state && opened?.ok) await opened.provider.cancel?.(state);
}

/** Nobody to ask: the provider's webhook or the deadline decides; of a synchronous route nothing can come once its time is over. */
async function waitForWord(deps: WorkerDeps, work: Work): Promise<void> {
  const age = deps.now() - Date.parse(work.started_at ?? work.created_at);
  if (deps.adapter(work.provider)?.synchronous && age > work.longest_seconds * 1000) {
    await recordVerdict(deps, work, failed('lost', 'lost', 'The answer of the provider got lost.'));
  } else {
    await reschedule(deps, work, LOOK_AFTER_SECONDS);
  }
}

function waitAfter(
  deps: WorkerDeps,
  work: Work,
  outcome: Extract<Polled, { status: 'pending' | 'ambiguous' }>,
): number {
  const usual = usualWait(deps, work);
  const asked = outcome.status === 'ambiguous' ? (outcome.retryAfterSeconds ?? 0) : 0;
  return Math.max(asked, work.cancel_requested ? Math.min(usual, CANCELED_SECONDS) : usual);
}

async function reschedule({ db }: WorkerDeps, work: Work, seconds: number): Promise<void> {
  await db.rescheduleCheck(work.attempt_id, work.fence, seconds);
}
