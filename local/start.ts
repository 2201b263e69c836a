import { startDatabaseOnly } from './stack/database.ts';
import { createProgress } from './stack/progress.ts';
import { createCleanup, stopOnSignals } from './stack/shutdown.ts';
import { shown, stateFolder } from './stack/state-folder.ts';

/**
 * `npm start`: the whole service on this machine. `--no-sample` leaves out the first start's sample job; `--take-over` uses
 * a real project's database although another Darkroom has served it. For tests, `--database-only` starts nothing but
 * PostgreSQL with all migrations, `--supabase-only` an empty Supabase project. `PORT` and `DARKROOM_DATA` move it.
 */
const flags = new Set(process.argv.slice(2));
const state = stateFolder();
const progress = createProgress();
const cleanup = createCleanup();
const shutdown = stopOnSignals(cleanup, progress.lastLine);
const context = { state, progress, cleanup, onCrash: shutdown.fail };

async function start(): Promise<void> {
  progress.line(`Darkroom starts (state in ${shown(state.root)})`);
  if (flags.has('--database-only')) {
    const url = await startDatabaseOnly(context);
    return progress.line(`Ready: ${url}`);
  }
  if (flags.has('--supabase-only')) {
    const { startSupabaseOnly } = await import('./stack/supabase-only.ts');
    return progress.line(`Ready: ${await startSupabaseOnly(context)}`);
  }
  // Wrangler takes its time to load: not before it is needed.
  const [{ startStack }, { runSample }] = await Promise.all([import('./stack/stack.ts'), import('./stack/sample.ts')]);
  const { stack } = await startStack(context, { takeDatabase: flags.has('--take-over') });
  if (!flags.has('--no-sample')) await runSample({ state, stack, progress });
  progress.line(
    `\nReady on ${stack.origin} after ${progress.elapsed()} ms. Addresses and keys: ${shown(state.stack)}. Ctrl-C stops.`,
  );
}

await start().catch(shutdown.fail);
