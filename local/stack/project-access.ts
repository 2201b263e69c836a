import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkerRole, workerRoles } from '../supabase/project-keys.ts';
import { type Problem, problem } from './problem.ts';
import { type SupabaseProject, tokenVariable } from './supabase-project.ts';

const PATIENCE_MS = 15_000;
type Seen = { status: number; code: string; message: string };

/** Asks the project's REST address once as each Worker: what is wrong with a key or a token is said now, and by name. */
export async function checkAccess(project: SupabaseProject, patience = PATIENCE_MS): Promise<void> {
  await Promise.all(workerRoles.map((role) => checkRole(project, role, patience)));
}

/** What the migrations have just made, the project may learn of a moment later. */
async function checkRole(project: SupabaseProject, role: WorkerRole, patience: number): Promise<void> {
  const until = Date.now() + patience;
  for (;;) {
    const seen = await ask(project, role);
    if (isLetIn(seen)) return;
    if (!isStale(seen) || Date.now() > until) throw refusal(project, role, seen);
    await sleep(500);
  }
}

/** `ready` is for `submit`; the others are known to be who they are, and sent away. */
const isLetIn = ({ status, code }: Seen) => status === 200 || code === '42501';
const isStale = ({ status, code }: Seen) => status >= 500 || /^PGRST(106|202|00\d)$/.test(code);

async function ask({ url, anon_key: apikey, role_tokens: tokens }: SupabaseProject, role: WorkerRole): Promise<Seen> {
  const headers = {
    apikey,
    authorization: `Bearer ${tokens[role]}`,
    'content-profile': 'api',
    'content-type': 'application/json',
  };
  const signal = AbortSignal.timeout(10_000);
  const answer = await fetch(`${url}/rest/v1/rpc/ready`, { method: 'POST', headers, body: '{}', signal }).catch(
    (error: Error) => {
      const why = (error.cause as Error | undefined)?.message || error.message;
      throw problem(
        `SUPABASE_URL in .dev.vars (${url}) cannot be reached: ${why}.`,
        'Compare it with the dashboard',
        error,
      );
    },
  );
  const { code = '', message = '' } = ((await answer.json().catch(() => null)) ?? {}) as Partial<Seen>;
  return { status: answer.status, code: String(code), message };
}

function refusal({ url }: SupabaseProject, role: WorkerRole, { status, code, message }: Seen): Problem {
  const said = `${url} answered ${[status, code, message].filter(Boolean).join(' ')}`;
  const name = tokenVariable(role);
  if (/^PGRST30\d$/.test(code)) return problem(`${name} in .dev.vars is not accepted: ${said}.`, IMPORT);
  if (status === 401) return problem(`SUPABASE_ANON_KEY in .dev.vars is not accepted: ${said}.`, KEY);
  if (code === 'PGRST106') return problem(`The schema "api" is not exposed: ${said}.`, EXPOSE);
  return problem(
    `SUPABASE_URL in .dev.vars does not answer as Supabase does: ${said}.`,
    'Compare it with the dashboard',
  );
}

const IMPORT =
  'Import the signing key it was minted with under JWT signing keys, as a standby key (README, «Deploy», step 3)';
const KEY = 'Take the anon or publishable key of the same project: Project Settings → API Keys';
const EXPOSE = 'Expose it: npx supabase config push, or Data API → Exposed schemas';
