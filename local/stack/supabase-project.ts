import { decodeJwt, type JWTPayload } from 'jose';
import { type ProjectKeys, type WorkerRole, workerRoles } from '../supabase/project-keys.ts';
import { databaseAddress, isLoopback } from './database-address.ts';
import { type DevVars, group } from './dev-vars.ts';
import { problem } from './problem.ts';

/** A real project, in the place of the local PostgreSQL and what stands in front of it. */
export type SupabaseProject = Omit<ProjectKeys, 'signing_key'> & { url: string; database_url: string };

const NAMES = [
  'SUPABASE_URL',
  'SUPABASE_ANON_KEY',
  'SUPABASE_DB_URL',
  'SUPABASE_ROLE_TOKEN_SUBMIT',
  'SUPABASE_ROLE_TOKEN_WORKER',
  'SUPABASE_ROLE_TOKEN_CALLBACK',
  'SUPABASE_ROLE_TOKEN_KEYS',
] as const;

const MINT = 'Mint it as the README says («Deploy», step 3)';

/** The project that `.dev.vars` names, if it names one. What can be seen to be wrong without asking anybody is a Problem. */
export function supabaseProject(vars: DevVars, now = new Date()): SupabaseProject | undefined {
  const given = group(vars, NAMES);
  if (given === undefined) return undefined;
  const url = projectUrl(given.SUPABASE_URL);
  const address = databaseAddress(given.SUPABASE_DB_URL);
  checkSameProject(url, address);
  const tokens = workerRoles.map((role) => [role, checkedToken(vars, role, now)]);
  return {
    url,
    anon_key: given.SUPABASE_ANON_KEY,
    database_url: address,
    role_tokens: Object.fromEntries(tokens) as Record<WorkerRole, string>,
  };
}

function projectUrl(text: string): string {
  const { origin, protocol, hostname, pathname, search } = new URL(text);
  const path = `${pathname}${search}`;
  if (path !== '/') throw problem(`SUPABASE_URL in .dev.vars has a path: ${path}.`, `It ends with the host: ${origin}`);
  if (protocol === 'https:' || isLoopback(hostname)) return origin;
  throw problem('SUPABASE_URL in .dev.vars is not https.', 'Tokens would cross the network in the open: say https://');
}

/** Hosted, both addresses have the project's ref in them: in the host, or in the pooler's user. */
function checkSameProject(url: string, address: string): void {
  const [, ref] = /^https:\/\/(\w+)\.supabase\.co$/.exec(url) ?? [];
  const { hostname, username } = new URL(address);
  const [, other] = /^db\.(\w+)\.supabase\.co$/.exec(hostname) ?? /^postgres\.(\w+)$/.exec(username) ?? [];
  if (ref === undefined || other === undefined || ref === other) return;
  throw problem(
    `SUPABASE_URL and SUPABASE_DB_URL in .dev.vars are of two projects: ${ref} and ${other}.`,
    'Take both from one project',
  );
}

export const tokenVariable = (role: WorkerRole) => `SUPABASE_ROLE_TOKEN_${role.toUpperCase()}`;

/** The database would refuse a wrong one with a 401 somewhere in the middle of a job. */
function checkedToken(vars: DevVars, role: WorkerRole, now: Date): string {
  const name = tokenVariable(role);
  const token = (vars[name] ?? '').trim();
  const claims = claimsOf(token);
  const refused = (what: string) => problem(`${name} in .dev.vars ${what}.`, MINT);
  if (claims === undefined) throw refused('is not a token (a JWT, three parts with dots between them)');
  if (claims.role !== role) throw refused(`is a token for the role "${claims.role}", not for "${role}"`);
  const end = new Date((claims.exp ?? Number.POSITIVE_INFINITY) * 1000);
  if (end < now) throw refused(`has expired on ${end.toISOString().slice(0, 10)}`);
  return token;
}

function claimsOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
