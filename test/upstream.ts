import type { Seen } from './seam.ts';

/** `/rest/v1/rpc/accept` → `accept`; `/v2/publish/http://…` → `publish`. */
export const callName = ({ path }: Seen): string =>
  /^\/(?:rest\/v1\/rpc|v2|auth\/v1\/\.well-known)\/([\w.]+)/.exec(path)?.[1] ?? path;

/** The database role of a Supabase call; undefined for one without a token. */
export function databaseRole({ headers }: Seen): string | undefined {
  const claims = headers.authorization?.split('.')[1];
  return claims && JSON.parse(Buffer.from(claims, 'base64url').toString()).role;
}

/** What the Workers' sweeps begin with; all they do on a quiet stack. */
const SWEEPS = ['due_attempts', 'due_probes', 'due_wipes', 'purge_client_tokens'];

export const isSweep = (call: Seen): boolean => SWEEPS.includes(callName(call));
