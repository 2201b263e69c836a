import type { Candidate } from './candidates.ts';

export type StageName = 'preview' | 'final';
/** A stage with its candidates in the order of their turns, and how many outputs each of its parts is about. */
export type PlannedStage = { candidates: Candidate[]; outputs_per_part: number };

/** How a job will be done and what it costs, if the platform's keys pay. Credits are the whole job's. */
export type Plan = {
  stages: Partial<Record<StageName, PlannedStage>>;
  /** Where it begins, and the lane that its first candidate waits in. */
  stage: StageName;
  lane: string;
  outputs_per_part: number;
  /** With its first candidate. */
  credits: number;
  /** With its dearest: what is reserved. */
  hold: number;
  price_version: string;
};

/**
 * The plan of a job with these stages, in their order; the last one is what is paid for. SQL makes it anew for callers who have settings
 * or keys of their own, and takes it as it is for all others.
 */
export function planOf(stages: [StageName, [Candidate, ...Candidate[]]][], count: number): Plan {
  const planned = stages.map(([stage, candidates]) => [stage, { candidates, outputs_per_part: leastOf(candidates) }]);
  const [first, last] = [stages[0], stages.at(-1)];
  if (!first || !last) throw new Error('A job has at least one stage.');
  const [paid] = last[1];
  return {
    stages: Object.fromEntries(planned),
    stage: first[0],
    lane: platformLane(first[1][0]),
    outputs_per_part: leastOf(first[1]),
    credits: paid.credits * count,
    hold: Math.max(...last[1].map(({ credits }) => credits)) * count,
    price_version: paid.price_version,
  };
}

/** Parts are cut once, so that every candidate can do each of them in one call. */
const leastOf = (candidates: Candidate[]) => Math.min(...candidates.map(({ outputs_per_call }) => outputs_per_call));

/** Work for the platform's keys waits under the first profile that may serve it. */
const platformLane = ({ profiles: [profile] }: Candidate) => `${profile}:platform`;
