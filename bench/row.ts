import type { Bench } from './bench.ts';

/** What a ratio must be at least, or at most. */
export type Aim = { least: number } | { most: number };

export type Ratio = {
  /** Which of several ratios of one row this is. */
  name?: string;
  measured: number;
  against: number;
  /** Of both. */
  unit: string;
  aim: Aim;
  /** Both sides of each round, where there were rounds. */
  rounds?: Round[];
  /** Figures beside it that decide nothing. */
  note?: string;
};

export type Round = { measured: number; against: number };

/** One line of the table. A new one is a new file in `rows/` that exports `row`. */
export type Row = { id: number; name: string; run: (bench: Bench) => Promise<Ratio[]> };

export type Judged = Omit<Ratio, 'aim'> & { ratio: number; aim: string; holds: boolean };

/** As it stands in `results.json`. Of several ratios the row shows the one that is furthest from its aim. */
export type RowResult = {
  id: number;
  name: string;
  measured: number | null;
  against: number | null;
  ratio: number | null;
  aim: string | null;
  holds: boolean;
  unit?: string;
  rounds?: Round[];
  note?: string;
  /** Why it could not run. */
  reason?: string;
  ratios?: Judged[];
  seconds: number;
};

export function judge({ aim, ...ratio }: Ratio): Judged {
  const value = ratio.measured / ratio.against;
  const holds = 'least' in aim ? value >= aim.least : value <= aim.most;
  return { ...ratio, ratio: value, aim: 'least' in aim ? `≥ ${aim.least}` : `≤ ${aim.most}`, holds };
}

/** How much of its aim a ratio reaches; below 1 it misses it. */
function reach({ aim, measured, against }: Ratio): number {
  const value = measured / against;
  return 'least' in aim ? value / aim.least : aim.most / value;
}

/** The reason in one line of a table; the whole of it was logged. */
const shortened = (text: string) => (text.split('\n')[0] ?? '').slice(0, 160);

/** Runs a row to its result. One that throws fails with the reason, and the others still run. */
export async function runRow({ id, name, run }: Row, bench: Bench): Promise<RowResult> {
  const begin = performance.now();
  const seconds = () => Math.round((performance.now() - begin) / 100) / 10;
  try {
    const ratios = (await run(bench)).toSorted((one, two) => reach(one) - reach(two));
    const [worst] = ratios;
    if (worst === undefined) throw new Error('it measured nothing');
    const { name: _, ...shown } = judge(worst);
    const all = ratios.map(judge);
    const holds = all.every((ratio) => ratio.holds);
    return { id, name, ...shown, holds, ...(all.length > 1 && { ratios: all }), seconds: seconds() };
  } catch (error) {
    bench.log(error instanceof Error ? `${error.stack}` : `${error}`);
    const nothing = { measured: null, against: null, ratio: null, aim: null };
    return { id, name, ...nothing, holds: false, reason: shortened((error as Error).message), seconds: seconds() };
  }
}
