import { userToken } from '../supabase/auth.ts';
import type { Origins } from './environment.ts';
import type { Secrets } from './secrets.ts';
import type { SupabaseProject } from './supabase-project.ts';

/** What `stack.json` says: where everything is, and with what to open it. */
export type StackFile = {
  origin: string;
  /** An owner's, for looking at everything; no superuser. */
  database_url: string;
  supabase_url: string;
  anon_key: string;
  /** Of the demo account. */
  api_key: string;
  /** An operator's, of another account. */
  admin_api_key: string;
  /** The demo account's user; the token is good for a week. A real project's users are its own. */
  user?: { email: string; password: string; access_token: string };
  inbox: string;
  /** Where and with what internal callbacks are signed: a test can forge them. */
  callback: { url: string; secret: string };
  hooks_url: string;
  sweep_url: string;
  emulators: Record<string, string>;
};

const A_WEEK = 7 * 24 * 3600;

type Described = { origins: Origins; databaseUrl: string; secrets: Secrets; project?: SupabaseProject };

export async function describeStack({ origins, databaseUrl, secrets, project }: Described): Promise<StackFile> {
  const { front, inbox, supabase, ...others } = origins;
  const { demo } = secrets;
  return {
    origin: front,
    database_url: databaseUrl,
    supabase_url: supabase,
    anon_key: (project ?? secrets.supabase).anon_key,
    api_key: demo.api_key,
    admin_api_key: demo.admin_api_key,
    ...(project === undefined && { user: await demoUser(secrets, supabase) }),
    inbox,
    callback: { url: `${front}/internal/callbacks`, secret: secrets.internal_signing_secret },
    hooks_url: `${front}/hooks`,
    sweep_url: `${front}/internal/sweep`,
    emulators: project === undefined ? { supabase, ...others } : others,
  };
}

async function demoUser({ supabase, demo }: Secrets, url: string): Promise<StackFile['user']> {
  const { user_id: id, email, password } = demo;
  const issuer = { key: supabase.signing_key, url: () => url };
  return { email, password, access_token: await userToken(issuer, { id, email }, { seconds: A_WEEK }) };
}
