import { parseOptions, replayCommand } from './options.ts';
import { makePlan } from './plan.ts';
import { wrongOf } from './result.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

/**
 * `npm run chaos -- --seed S --jobs N --faults list|all [--shrink]`: one run of the simulator. Its last line of standard output is one
 * JSON object; it ends 0 only if nothing was lost, charged twice, kept, violated or stuck, and the run was not vacuous.
 */
const options = parseOptions(process.argv.slice(2));
const log = (line: string) => void process.stderr.write(`${line}\n`);
const { vacuous, ...result } = await simulate(makePlan(options), { log, keepState: options.keepState });
const wrong = wrongOf(result);
if (vacuous !== undefined) log(`✗ vacuous: ${vacuous}`);
if (wrong > 0)
  log(`✗ ${wrong} wrong. Run it again, or with --shrink for the fewest jobs and faults:\n  ${replayCommand(options)}`);
if (wrong > 0 && options.shrink) await shrink(options, log);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = wrong > 0 || vacuous !== undefined ? 1 : 0;
