import { type Options, replayCommand } from './options.ts';
import { type Kept, makePlan, type PlanRequest } from './plan.ts';
import { wrongOf } from './result.ts';
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
  // What fails without any fault is found at once.
  faults = (await fails(operations, [])) ? [] : await fewest(faults, (kept) => fails(operations, kept));
  operations = await fewest(operations, (kept) => fails(kept, faults));
  const kept: Kept = { operations: new Set(operations), faults: new Set(faults) };
  log(`Fewest found: ${operations.length} operations, ${faults.length} faults. Run them again with:`);
  log(`  ${replayCommand({ ...options, kept })}`);
}

function limited(options: Options, log: Log): Fails {
  let runs = 0;
  return async (operations, faults) => {
    if (runs >= MOST_RUNS) return false;
    runs += 1;
    const kept: Kept = { operations: new Set(operations), faults: new Set(faults) };
    const first = await firstWrong({ ...options, kept });
    const ended = first === undefined ? 'holds' : `still fails: ${first}`;
    log(`  shrinking ${runs}: ${operations.length} operations, ${faults.length} faults: ${ended}`);
    return first !== undefined;
  };
}

/** The first thing that is wrong in such a run; undefined if nothing is. A run that could not be made shows nothing. */
async function firstWrong(request: PlanRequest): Promise<string | undefined> {
  const lines: string[] = [];
  try {
    if (wrongOf(await simulate(makePlan(request), { log: (line) => lines.push(line) })) === 0) return undefined;
  } catch {
    return undefined;
  }
  return lines.find((line) => line.startsWith('✗')) ?? '';
}

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
