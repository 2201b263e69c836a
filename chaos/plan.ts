import { type FaultChoice, planFaults, restartMs } from './plan-faults.ts';
import { type Operation, planOperations } from './plan-jobs.ts';
import { createRandom } from './random.ts';

/** Who submits: its credits at the start, and how many open jobs it may have. */
export type AccountPlan = { name: string; credits: number; maxOutstanding: number };

/** Everything that a seed decides. What is left to chance is only how the processes interleave. */
export type Plan = {
  seed: number;
  jobs: number;
  stormMs: number;
  accounts: AccountPlan[];
  operations: Operation[];
  faults: FaultChoice[];
};

/** Which operations and faults of the plan take part; undefined: all. Shrinking narrows these and nothing else. */
export type Kept = { operations?: ReadonlySet<number>; faults?: ReadonlySet<number> };

export type PlanRequest = { seed: number; jobs: number; faults: readonly string[]; kept?: Kept };

const ACCOUNTS: AccountPlan[] = [
  { name: 'ample', credits: 1_000_000, maxOutstanding: 10_000 },
  { name: 'busy', credits: 1_000_000, maxOutstanding: 10_000 },
  { name: 'tight', credits: 700, maxOutstanding: 10_000 },
  { name: 'narrow', credits: 1_000_000, maxOutstanding: 6 },
];

export function makePlan({ seed, jobs, faults, kept = {} }: PlanRequest): Plan {
  const random = createRandom(seed);
  const stormMs = Math.min(Math.max(jobs * 120, 8_000), 26_000) + restartMs(faults);
  const operations = planOperations(random.fork('operations'), jobs, stormMs);
  const chosen = planFaults(random.fork('faults'), faults, jobs, stormMs);
  return {
    seed,
    jobs,
    stormMs,
    accounts: ACCOUNTS,
    operations: operations.filter(({ id }) => kept.operations?.has(id) ?? true),
    faults: chosen.filter(({ id }) => kept.faults?.has(id) ?? true),
  };
}
