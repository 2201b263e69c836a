import { execFile, execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** pgbench on the path, or where Debian's packages put it. The embedded PostgreSQL comes without. */
export function findPgbench(): string | undefined {
  const candidates = ['pgbench', ...globSync('/usr/lib/postgresql/*/bin/pgbench').sort().reverse()];
  return candidates.find((program) => {
    try {
      return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).startsWith('pgbench');
    } catch {
      return false;
    }
  });
}

type Run = {
  program: string;
  url: string;
  clients: number;
  seconds: number;
  script?: string;
  role?: string;
};

/** Each session's first calls make its plans: a second of them. */
const FIRST_SECONDS = 1;

/**
 * Transactions per second in the simple protocol, connecting and the first second left out. Without a script the built-in TPC-B. Rejects if a single one failed.
 */
export async function runPgbench({ program, url, clients, seconds, script, role }: Run): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-pgbench-'));
  const file = join(folder, 'script.sql');
  if (script !== undefined) writeFileSync(file, script);
  const what = script === undefined ? ['-b', 'tpcb-like'] : ['-f', file];
  const how = ['-n', '-M', 'simple', '-c', `${clients}`, '-j', '2', '-T', `${seconds + FIRST_SECONDS}`, '-P', '1'];
  try {
    const env = { ...process.env, ...loginOf(url), ...(role !== undefined && { PGOPTIONS: `-c role=${role}` }) };
    const { stdout, stderr } = await promisify(execFile)(program, [...how, ...what], { env });
    const rates = [...stderr.matchAll(/^progress: [\d.]+ s, ([\d.]+) tps/gm)].map(([, tps]) => Number(tps));
    const counted = rates.slice(FIRST_SECONDS, FIRST_SECONDS + seconds);
    if (counted.length === 0 || /aborted in command/.test(stderr + stdout)) throw new Error(`pgbench says:\n${stdout}`);
    return counted.reduce((sum, tps) => sum + tps, 0) / counted.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In the environment: a command line is shown to everybody, and stands in the error of a run that fails. */
function loginOf(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const login = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: pathname.slice(1) };
  return { ...login, PGPASSWORD: decodeURIComponent(password) };
}
