import { readDevVars } from '../stack/dev-vars.ts';
import { problem } from '../stack/problem.ts';
import { runCommand } from './cli.ts';
import { tryEnvironment } from './environment.ts';
import { tryStack } from './stack.ts';
import { keyTable } from './table.ts';
import { wantedOfAll, wantedProviders } from './wanted.ts';

/**
 * `npm run test:keys [provider or model …]`: tries every key of the environment and of `.dev.vars` with one cheap call, and those of the
 * local stack if it runs, and prints a table. Ends 1 if a key is invalid, 2 for a name that nobody knows.
 */
const USAGE = `Usage: npm run test:keys [provider or model …]

Tries the keys of the environment, of .dev.vars and of the running local stack with one cheap call each: all of them, or those of the
providers named, by id (fal), by a model (flux-dev) or by an offering (openrouter-flux-1.1-pro).
Ends 1 if a key is invalid, 2 for a name that nobody knows.

Providers: ${wantedProviders().join(', ')}`;

await runCommand(async () => {
  const names = process.argv.slice(2);
  if (names.some((name) => ['--help', '-h'].includes(name))) {
    console.log(USAGE);
    return 0;
  }
  const { providers, unknown } = wantedOfAll(names);
  if (unknown.length > 0) throw unknownNames(unknown);
  const env = { ...readDevVars(), ...process.env };
  const tried = (await Promise.all([tryEnvironment(env, providers), tryStack(providers)])).flat();
  if (tried.length === 0) console.log('No key is configured: see .dev.vars.example, or POST /v1/provider-keys.');
  else console.log(keyTable(tried));
  return tried.some(({ result }) => result === 'invalid') ? 1 : 0;
});

function unknownNames(names: string[]) {
  const quoted = names.map((name) => `"${name}"`).join(', ');
  return problem(
    `No provider and no model is called ${quoted}.`,
    `Providers are ${wantedProviders().join(', ')}; \`npm run test:keys -- --help\` says more`,
  );
}
