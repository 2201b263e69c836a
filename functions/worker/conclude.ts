import type { Work } from '../../shared/db/rows.ts';
import type { Verdict } from '../../shared/db/worker.ts';
import type { Outcome } from '../../shared/providers/types.ts';
import { announce } from './announce.ts';
import type { WorkerDeps } from './deps.ts';
import { persist } from './persist.ts';
import { storeOutputs } from './store-outputs.ts';
import { type Fruitless, failed, verdictOf } from './verdict.ts';

export type Terminal = Fruitless | Extract<Outcome, { status: 'succeeded' }>;

/** `stale`: another verdict stands already. `postponed`: it could not be stored; nothing was recorded, the next poll tries again. */
export type Conclusion = 'recorded' | 'stale' | 'postponed';

const STORE_AGAIN_SECONDS = 10;
const STORE_DELAYS_MS = [1_000, 4_000];

/** Ends a leased attempt whose result can be asked for again: if it cannot be stored now, the lease is given back. */
export async function conclude(deps: WorkerDeps, work: Work, outcome: Terminal): Promise<Conclusion> {
  const verdict = await judge(deps, work, outcome);
  if (verdict) return recordVerdict(deps, work, verdict);
  await deps.db.releaseVerdict(work.attempt_id, work.fence, STORE_AGAIN_SECONDS);
  return 'postponed';
}

/** Ends an attempt whose result exists only here, in the answer to its submission: stored now or never. */
export async function concludeNow(deps: WorkerDeps, work: Work, outcome: Terminal): Promise<Conclusion> {
  for (const delay of STORE_DELAYS_MS) {
    const verdict = await judge(deps, work, outcome);
    if (verdict) return recordVerdict(deps, work, verdict);
    await deps.sleep(delay);
  }
  const lost = failed('failed', 'storage_unavailable', 'The result could not be stored.');
  return recordVerdict(deps, work, (await judge(deps, work, outcome)) ?? { ...lost, cost_usd: costOf(work, outcome) });
}

/** Writes the verdict, tells `callback`, and wakes the lanes in which a slot became free. */
export async function recordVerdict(deps: WorkerDeps, work: Work, verdict: Verdict): Promise<Conclusion> {
  const { attempt_id, fence } = work;
  const told = withSuggestions(deps, work, verdict);
  const { recorded, event, lanes } = await persist(deps.sleep, () => deps.db.recordVerdict(attempt_id, fence, told));
  deps.log('info', 'verdict', { attempt_id, fence, event, recorded, error: verdict.error });
  if (!recorded) return 'stale';
  await Promise.all([announce(deps, { attempt_id, event, fence }), deps.wake(lanes)]);
  return 'recorded';
}

/** Whoever's input is at fault should change that, not the model. */
function withSuggestions({ suggestions, now }: WorkerDeps, work: Work, verdict: Verdict): Verdict {
  if (!verdict.error?.retryable) return verdict;
  const others = suggestions(work, now());
  return others.length > 0 ? { ...verdict, error: { ...verdict.error, suggestions: others } } : verdict;
}

/** The verdict with what it delivers already stored; null if the store did not answer. */
async function judge({ store, log }: WorkerDeps, work: Work, outcome: Terminal): Promise<Verdict | null> {
  if (outcome.status !== 'succeeded') return verdictOf(outcome);
  const stored = await storeOutputs(store, work, outcome.outputs);
  if (stored.status === 'unusable') {
    return { ...failed('failed', 'unusable_media', stored.message), cost_usd: costOf(work, outcome) };
  }
  if (stored.status === 'stored') return { event: 'succeeded', outputs: stored.outputs, cost_usd: outcome.costUsd };
  log('warn', 'store_unavailable', { attempt_id: work.attempt_id, reason: stored.message });
  return null;
}

/** What the provider takes for work of which nothing can be used: what it said, else its list price. */
function costOf({ candidate, outputs }: Work, outcome: Terminal): number | undefined {
  return outcome.status === 'succeeded' ? (outcome.costUsd ?? candidate.cost_usd * outputs) : undefined;
}
