import { parseArgs } from 'node:util';
import { chooseFaults } from './faults/catalogue.ts';
import type { PlanRequest } from './plan.ts';

export type Options = PlanRequest & {
  /** As it was given: part of the command that runs this again. */
  faultList: string;
  shrink: boolean;
  keepState: boolean;
};

const HELP = `npm run chaos -- [--seed S] [--jobs N] [--faults all|none|NAME,NUMBER,…] [--shrink]
  [--operations 0-3,17] [--choices 4,9]   only these operations and faults of the plan
  [--keep-state]                          leaves the state folder`;

/** Reads the command line; ends the process with the reason where it cannot be read. */
export function parseOptions(argv: string[]): Options {
  try {
    return read(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${HELP}\n`);
    process.exit(2);
  }
}

function read(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '200' },
      faults: { type: 'string', default: 'all' },
      operations: { type: 'string' },
      choices: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      'keep-state': { type: 'boolean', default: false },
    },
  });
  return {
    seed: wholeNumber('seed', values.seed, 0),
    jobs: wholeNumber('jobs', values.jobs, 1),
    faults: chooseFaults(values.faults),
    faultList: values.faults,
    shrink: values.shrink,
    keepState: values['keep-state'],
    kept: { operations: readRanges(values.operations), faults: readRanges(values.choices) },
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= 2 ** 31) return value;
  throw new Error(`--${name} ${text} is not a whole number of at least ${least}.`);
}

/** `0-3,17` or `none`. */
export function readRanges(text: string | undefined): Set<number> | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return new Set();
  const ids = text.split(',').flatMap((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map((end) => (end === '' ? Number.NaN : Number(end)));
    if (!Number.isInteger(from) || !Number.isInteger(to)) throw new Error(`"${range}" is no range of numbers.`);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
  return new Set(ids);
}

export function writeRanges(ids: readonly number[]): string {
  if (ids.length === 0) return 'none';
  const sorted = [...ids].sort((one, two) => one - two);
  const runs: [number, number][] = [];
  for (const id of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === id - 1) last[1] = id;
    else runs.push([id, id]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

type Shown = Pick<Options, 'seed' | 'jobs' | 'faultList' | 'kept'>;

/** The command that runs this again. */
export function replayCommand({ seed, jobs, faultList, kept }: Shown): string {
  const { operations, faults } = kept ?? {};
  const only = (flag: string, ids: ReadonlySet<number> | undefined) =>
    ids ? ` --${flag} ${writeRanges([...ids])}` : '';
  const parts = only('operations', operations) + only('choices', faults);
  return `npm run chaos -- --seed ${seed} --jobs ${jobs} --faults ${faultList.replaceAll(' ', '')}${parts}`;
}
