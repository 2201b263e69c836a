import { parseOptions } from './options.ts';
import { makePlan } from './plan.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

/**
 * `npm run chaos -- --seed S --jobs N --faults list|all [--shrink]`: one run of the simulator. Its last line of standard output is one
 * JSON object; it ends 0 only if nothing was lost, charged twice, kept, violated or stuck, and the run was not vacuous.
 */
const options = parseOptions(process.argv.slice(2));
const log = (line: string) => void process.stderr.write(`${line}\n`);
const { vacuous, ...result } = await simulate(makePlan(options), { log, keepState: options.keepState });
const wrong = result.violations + result.lost + result.double_charged + result.unrefunded + result.stuck;
if (vacuous !== undefined) log(`✗ vacuous: ${vacuous}`);
if (wrong > 0 && options.shrink) await shrink(options, log);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = wrong > 0 || vacuous !== undefined ? 1 : 0;
