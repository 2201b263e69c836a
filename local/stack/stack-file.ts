import { userToken } from '../supabase/auth.ts';
import type { Origins } from './environment.ts';
import type { Secrets } from './secrets.ts';

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
  /** The demo account's user; the token is good for a week. */
  user: { email: string; password: string; access_token: string };
  inbox: string;
  /** Where and with what internal callbacks are signed: a test can forge them. */
  callback: { url: string; secret: string };
  hooks_url: string;
  sweep_url: string;
  emulators: Record<string, string>;
};

const A_WEEK = 7 * 24 * 3600;

export async function describeStack(origins: Origins, databaseUrl: string, secrets: Secrets): Promise<StackFile> {
  const { front, inbox, ...emulators } = origins;
  const { supabase, demo } = secrets;
  const project = { key: supabase.signing_key, url: () => origins.supabase };
  const accessToken = await userToken(project, { id: demo.user_id, email: demo.email }, { seconds: A_WEEK });
  return {
    origin: front,
    database_url: databaseUrl,
    supabase_url: origins.supabase,
    anon_key: supabase.anon_key,
    api_key: demo.api_key,
    admin_api_key: demo.admin_api_key,
    user: { email: demo.email, password: demo.password, access_token: accessToken },
    inbox,
    callback: { url: `${front}/internal/callbacks`, secret: secrets.internal_signing_secret },
    hooks_url: `${front}/hooks`,
    sweep_url: `${front}/internal/sweep`,
    emulators,
  };
}
