import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../stack/state-folder.ts';

const program = join(projectRoot, 'node_modules/supabase/dist/supabase.js');

type CliOptions = { workdir: string; home: string; password?: string };
export type CliError = Error & { stdout: string; stderr: string };

/**
 * Runs the Supabase CLI and answers its standard output. `workdir` holds the `supabase/` folder it works on; `home` is
 * where it keeps its own state, so that nothing is written to the user's; `password` is the database's, which on the command
 * line everybody on the machine could read. Rejects with a CliError on a non-zero exit.
 */
export function supabaseCli(args: string[], { workdir, home, password }: CliOptions): Promise<string> {
  const env = {
    ...process.env,
    SUPABASE_HOME: home,
    SUPABASE_TELEMETRY_DISABLED: '1',
    SUPABASE_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
    // For the local database; an address that says `sslmode` itself goes first.
    PGSSLMODE: 'disable',
    ...(password !== undefined && { PGPASSWORD: password }),
  };
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [program, ...args, '--workdir', workdir],
      { env },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(Object.assign(error, { stdout, stderr }))),
    );
    // It asks which key to use, and takes the only one when nobody answers.
    child.stdin?.end();
  });
}

/** The line of the CLI's output that says what went wrong, and the statement it belongs to. */
export function cliComplaint(error: CliError): string {
  const lines = `${error.stderr}`
    .split('\n')
    .filter((line) => /^(ERROR|At statement|Applying|failed)|^[a-z].*;?$/i.test(line));
  return lines.slice(-4).join('\n    ') || error.message;
}
