import { shownDatabase } from './database-address.ts';
import { type Problem, problem } from './problem.ts';

type Fault = Error & { code?: string };
type Known = [is: RegExp, what: string, wayOut: string];

const LOOK = 'Compare SUPABASE_DB_URL in .dev.vars with the dashboard (Connect → Session pooler)';
const IPV6 = `${LOOK}; the direct host has an IPv6 address only`;
const FILE = 'Name a file that is there as sslrootcert in SUPABASE_DB_URL';
const CERTIFICATE = 'Say sslmode=require in SUPABASE_DB_URL, or name the certificate as sslrootcert';

/** A code or words of PostgreSQL, the pooler or the network → what they mean for the address. First match wins. */
const known: Known[] = [
  [/^28P01|password authentication failed/, 'refuses the password in SUPABASE_DB_URL', LOOK],
  [/tenant or user not found/i, 'knows no project or user of that name', LOOK],
  [/^3D000/, 'has no such database', LOOK],
  [/^28000/, 'does not let this user in', LOOK],
  [/^57P03|paused/i, 'is starting or paused', 'Wake the project in the dashboard, then npm start'],
  [/does not support SSL/i, 'speaks no TLS', LOOK],
  [/^ENOENT/, 'cannot be verified', FILE],
  [/CERT|certificate|altnames/i, 'shows a certificate that does not verify', CERTIFICATE],
  [/^(ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL)/, 'cannot be reached', IPV6],
  [/^(ECONNREFUSED|ETIMEDOUT|ECONNRESET)|timeout|terminated/i, 'cannot be reached', LOOK],
];

/** Says in a sentence why a project's database could not be opened. */
export const explainProject =
  (address: string) =>
  (fault: Fault): never => {
    throw whyNot(address, fault);
  };

function whyNot(address: string, fault: Fault): Problem | Fault {
  const said = `${fault.code ?? ''} ${fault.message}`;
  const match = known.find(([is]) => is.test(fault.code ?? '') || is.test(fault.message));
  if (match === undefined) return fault;
  const [, what, wayOut] = match;
  return problem(`${shownDatabase(address)} ${what} (${said.trim()}).`, wayOut, fault);
}
