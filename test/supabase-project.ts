import { dropStateFolder, newStateFolder, type RunningStack, runStack, writeDevVars } from './run-stack.ts';

/** An empty Supabase project: one stack's gateway and database play it. */
export type Project = { vars: ReturnType<typeof credentials>; end: () => Promise<void> };

export async function startProject(): Promise<Project> {
  const running = await runStack(['--supabase-only']);
  const end = async () => {
    await running.stop();
    dropStateFolder(running.folder);
  };
  return { vars: credentials(running), end };
}

type Address = { database_url: string; supabase_url: string; anon_key: string };
type Tokens = Record<'submit' | 'worker' | 'callback' | 'keys', string>;

/** What another stack's `.dev.vars` has to say to use it. */
function credentials({ read }: RunningStack) {
  const { database_url, supabase_url, anon_key } = read<Address>('stack.json');
  const { role_tokens: tokens } = read<{ supabase: { role_tokens: Tokens } }>('secrets.json').supabase;
  return {
    SUPABASE_URL: supabase_url,
    SUPABASE_ANON_KEY: anon_key,
    SUPABASE_DB_URL: database_url,
    SUPABASE_ROLE_TOKEN_SUBMIT: tokens.submit,
    SUPABASE_ROLE_TOKEN_WORKER: tokens.worker,
    SUPABASE_ROLE_TOKEN_CALLBACK: tokens.callback,
    SUPABASE_ROLE_TOKEN_KEYS: tokens.keys,
  };
}

/** Starts a stack with these in its `.dev.vars`, on a state folder of its own, and stops it. Answers what it printed. */
export async function startWith(vars: Record<string, string>, flags: string[] = []): Promise<string> {
  const folder = newStateFolder();
  writeDevVars(folder, vars);
  try {
    const running = await runStack(['--no-sample', ...flags], folder);
    await running.stop();
    return running.printed();
  } finally {
    dropStateFolder(folder);
  }
}
