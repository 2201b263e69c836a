import type { Round } from './row.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, two) => one - two);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new Error('There is no median of nothing.');
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : mean(sorted.slice(middle - 1, middle + 1));
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

type Sides<Side extends string> = Record<Side, (round: number) => Promise<number>>;

/**
 * Measures all sides in turn, every other round in the opposite order: what the machine does meanwhile, and what a side leaves
 * behind for the next one, meets all of them alike.
 */
export async function interleave<Side extends string>(
  rounds: number,
  sides: Sides<Side>,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) values[name].push(await sides[name](round));
  }
  return values;
}

/** Medians of both sides, with the rounds they came from. */
export function compare(measured: number[], against: number[]) {
  const rounds: Round[] = measured.map((value, round) => ({ measured: value, against: against[round] as number }));
  return { measured: median(measured), against: median(against), rounds };
}
