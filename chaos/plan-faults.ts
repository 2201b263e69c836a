import { RESTART_MS } from './crash.ts';
import { catalogue } from './faults/catalogue.ts';
import { createRandom, type Random } from './random.ts';

/** One fault at one moment: `at` in ms from the start; `seed` decides whatever else it chooses. */
export type FaultChoice = { id: number; name: string; at: number; seed: number };

/** Each named fault at least once, the frequent ones more often the more jobs there are; each at a moment of the storm. */
export function planFaults(random: Random, names: readonly string[], jobs: number, stormMs: number): FaultChoice[] {
  const choices: Omit<FaultChoice, 'id'>[] = [];
  for (const { name, per200, window = [0.03, 0.9] } of catalogue.filter((fault) => names.includes(fault.name))) {
    const own = random.fork(name);
    const times = Math.max(1, Math.round((per200 * jobs) / 200));
    for (let n = 0; n < times; n += 1) {
      const share = window[0] + own.next() * (window[1] - window[0]);
      choices.push({ name, at: Math.floor(share * stormMs), seed: own.int(0, 2 ** 31) });
    }
  }
  return choices.map((choice, id) => ({ ...choice, id })).sort((one, two) => one.at - two.at);
}

/** Milliseconds that go by while the stack starts again. */
export const restartMs = (names: readonly string[]): number =>
  catalogue.filter(({ name, restarts }) => restarts && names.includes(name)).length * RESTART_MS;

export const randomOf = (choice: FaultChoice): Random => createRandom(choice.seed);

/** The names of the planned faults, each once. */
export const kindsOf = ({ faults }: { faults: FaultChoice[] }): string[] => [
  ...new Set(faults.map(({ name }) => name)),
];
