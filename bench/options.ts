import { parseArgs } from 'node:util';

export type Options = { quick: boolean; only?: string };

const HELP = 'npm run bench [-- --quick] [-- --only ROW]   ROW: a number, or a part of a file name in bench/rows';

/** Reads the command line; ends the process with the reason where it cannot be read. */
export function parseOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${HELP}\n`);
    process.exit(2);
  }
}
