import { listen } from '../emulators/support/serve.ts';
import type { StackContext } from './context.ts';
import { startEmptyDatabase } from './database.ts';
import { recordChildren } from './leftovers.ts';
import { gatewayOf } from './services.ts';
import { writeState } from './state-folder.ts';
import { takeOver } from './take-over.ts';

/**
 * What a Supabase project is on its first day, and nothing of Darkroom: for the test in which another stack uses it by its
 * `.dev.vars`. `stack.json` says where it is; the tokens are in `secrets.json`. Answers the project's URL.
 */
export async function startSupabaseOnly(context: StackContext): Promise<string> {
  const { ports, secrets } = await takeOver(context);
  const url = await startEmptyDatabase(context, ports.postgres as number, secrets);
  const gateway = await listen(gatewayOf({ secrets, ports }), ports.supabase);
  context.cleanup.add(gateway.close);
  recordChildren(context.state);
  const { anon_key } = secrets.supabase;
  writeState(context.state.stack, { database_url: url, supabase_url: gateway.origin, anon_key });
  return gateway.origin;
}
