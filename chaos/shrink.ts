import { type Options, writeRanges } from './options.ts';
import { type Kept, makePlan } from './plan.ts';
import { simulate } from './simulate.ts';

const MOST_RUNS = 24;

type Log = (line: string) => void;
type Fails = (operations: number[], faults: number[]) => Promise<boolean>;

/** Looks for the fewest operations and faults that still fail, and prints the command that runs them. */
export async function shrink(options: Options, log: Log): Promise<void> {
  const whole = makePlan(options);
  const fails = limited(options, log);
  let operations = whole.operations.map(({ id }) => id);
  let faults = whole.faults.map(({ id }) => id);
  faults = await fewest(faults, (kept) => fails(operations, kept));
  operations = await fewest(operations, (kept) => fails(kept, faults));
  log(
    `Fewest found: ${operations.length} operations, ${faults.length} faults. Run them again with:\n  ${command(options, operations, faults)}`,
  );
}

function limited(options: Options, log: Log): Fails {
  let runs = 0;
  return async (operations, faults) => {
    if (runs >= MOST_RUNS) return false;
    runs += 1;
    const kept: Kept = { operations: new Set(operations), faults: new Set(faults) };
    const lines: string[] = [];
    const result = await simulate(makePlan({ ...options, kept }), { log: (line) => lines.push(line) });
    const failed = WRONG.some((kind) => result[kind] > 0);
    const first = lines.find((line) => line.startsWith('✗')) ?? '';
    log(
      `  shrinking ${runs}: ${operations.length} operations, ${faults.length} faults: ${failed ? `still fails: ${first}` : 'holds'}`,
    );
    return failed;
  };
}

const WRONG = ['violations', 'lost', 'double_charged', 'unrefunded', 'stuck'] as const;

/** Delta debugging (Zeller's ddmin): drops ever smaller pieces as long as what is left still fails. */
export async function fewest(all: number[], fails: (kept: number[]) => Promise<boolean>): Promise<number[]> {
  let kept = all;
  let pieces = 2;
  while (kept.length > 0) {
    const size = Math.ceil(kept.length / pieces);
    const without = await firstThat(piecesOf(kept, size), fails);
    if (without !== undefined) {
      kept = without;
      pieces = Math.max(pieces - 1, 2);
    } else if (size === 1) {
      return kept;
    } else {
      pieces = Math.min(pieces * 2, kept.length);
    }
  }
  return kept;
}

/** What is left without each piece. */
const piecesOf = (kept: number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(kept.length / size) }, (_, n) =>
    kept.filter((_id, at) => at < n * size || at >= (n + 1) * size),
  );

async function firstThat(
  candidates: number[][],
  fails: (kept: number[]) => Promise<boolean>,
): Promise<number[] | undefined> {
  for (const candidate of candidates) if (await fails(candidate)) return candidate;
  return undefined;
}

function command({ seed, jobs, faultList }: Options, operations: number[], faults: number[]): string {
  const choices = faults.length > 0 ? `--faults ${faultList} --choices ${writeRanges(faults)}` : '--faults none';
  return `npm run chaos -- --seed ${seed} --jobs ${jobs} ${choices} --operations ${writeRanges(operations)}`;
}
