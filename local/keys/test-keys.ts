import { readDevVars } from '../stack/dev-vars.ts';
import { tryEnvironment } from './environment.ts';
import { tryStack } from './stack.ts';
import { keyTable } from './table.ts';
import { wantedProviders } from './wanted.ts';

/**
 * `npm run test:keys [provider or model]`: tries every key of the environment and of `.dev.vars` with one cheap call, and those of the
 * local stack if it runs, and prints a table. Ends 1 if a key is invalid, 2 for a name that nobody knows.
 */
const [name] = process.argv.slice(2);
const providers = wantedProviders(name);
if (providers.length === 0) {
  console.error(`No provider and no model is called "${name}". Providers: ${wantedProviders().join(', ')}`);
  process.exit(2);
}
const tried = (
  await Promise.all([tryEnvironment({ ...readDevVars(), ...process.env }, providers), tryStack(providers)])
).flat();
if (tried.length === 0) console.log('No key is configured: see .dev.vars.example, or POST /v1/provider-keys.');
else console.log(keyTable(tried));
process.exitCode = tried.some(({ result }) => result === 'invalid') ? 1 : 0;
