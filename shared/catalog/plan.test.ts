import { expect, test } from 'vitest';
import type { Candidate } from './candidates.ts';
import { planOf } from './plan.ts';

const candidate = (credits: number, outputs_per_call: number, profile = 'replicate'): Candidate => ({
  provider: 'replicate',
  provider_model: 'a/b',
  profiles: [profile, 'another'],
  rank: 0,
  outputs_per_call,
  longest_seconds: 60,
  credits,
  fee_credits: 0,
  cost_usd: 0.01,
  price_version: `of ${credits}`,
});

test('costs what its first candidate costs and holds what its dearest does, times its outputs', () => {
  const plan = planOf([['final', [candidate(10, 4), candidate(30, 2), candidate(20, 8)]]], 3);
  expect(plan).toMatchObject({ credits: 30, hold: 90, price_version: 'of 10' });
});

test('is cut so that every candidate can do each part in one call', () => {
  const plan = planOf([['final', [candidate(10, 4), candidate(30, 2), candidate(20, 8)]]], 3);
  expect([plan.outputs_per_part, plan.stages.final?.outputs_per_part]).toEqual([2, 2]);
});

test('begins with its first stage and is paid by its last', () => {
  const plan = planOf(
    [
      ['preview', [candidate(2, 1, 'fast')]],
      ['final', [candidate(10, 4, 'slow')]],
    ],
    4,
  );
  expect(plan).toMatchObject({ stage: 'preview', lane: 'fast:platform', outputs_per_part: 1, credits: 40, hold: 40 });
  expect(Object.keys(plan.stages)).toEqual(['preview', 'final']);
});
