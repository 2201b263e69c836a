import { type Problem, problem } from './problem.ts';

const HOW = 'Copy it from the dashboard (Connect → Session pooler, with the password in its place)';
const ENCODED = `${HOW}; in a password @ is %40, : %3A, / %2F, # %23 and ? %3F`;
/** What follows such an @ would be taken for host and database, and shown. */
const UNENCODED = /^[^:]+:\/\/[^/?#]*[/?#].*@/;
const VERIFYING = ['require', 'verify-ca', 'verify-full'];

/**
 * `SUPABASE_DB_URL` as everything here can use it: over TLS unless the database is on this machine, and without what
 * other clients want said (`pgbouncer=true`) or what would lead elsewhere (`host=`).
 */
export function databaseAddress(text: string): string {
  if (UNENCODED.test(text)) throw wrong('has an @ behind its host: a / ? or # in the password ends it there', ENCODED);
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || url.username === '') {
    throw wrong('is not a connection string of PostgreSQL', ENCODED);
  }
  checkPassword(url);
  if (url.port === '6543') throw wrong('is a transaction pooler (port 6543), which cannot apply migrations', HOW);
  const [given, certificate] = ['sslmode', 'sslrootcert'].map((name) => url.searchParams.get(name) ?? undefined);
  url.search = '';
  url.hash = '';
  if (url.pathname.length < 2) url.pathname = '/postgres';
  const mode = tlsMode(url, given);
  if (mode !== undefined) url.searchParams.set('sslmode', mode);
  if (mode !== undefined && certificate !== undefined) url.searchParams.set('sslrootcert', certificate);
  return url.href;
}

function checkPassword({ password }: URL): void {
  if (password === '') throw wrong('has no password', HOW);
  if (/^\[.*\]$/.test(decoded(password))) throw wrong('has a placeholder where the password belongs', HOW);
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    throw wrong('has a % in its password that begins no code', ENCODED);
  }
}

/** `no-verify` is what `pg` alone calls `require`. */
function tlsMode(url: URL, given: string | undefined): string | undefined {
  if (isLoopback(url.hostname)) return given === 'no-verify' ? 'require' : given;
  const mode = given === undefined || given === 'no-verify' ? 'require' : given;
  if (VERIFYING.includes(mode)) return mode;
  throw wrong(`says sslmode=${mode}: the password could cross the network in the open`, 'Say sslmode=require');
}

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

/** What may be shown of it: where, and which database. */
export const shownDatabase = (address: string): string => {
  const { host, pathname } = new URL(address);
  return `${host}${pathname}`;
};

const wrong = (what: string, wayOut: string): Problem => problem(`SUPABASE_DB_URL in .dev.vars ${what}.`, wayOut);
