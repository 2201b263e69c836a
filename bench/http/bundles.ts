import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '../..');

export const WORKERS = ['submit', 'worker', 'callback', 'keys'] as const;
export type WorkerName = (typeof WORKERS)[number];

/** The file that `wrangler deploy` would upload, below `folder`: minified, as `wrangler.toml` says. */
export async function bundle(worker: WorkerName, folder: string): Promise<string> {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const outdir = join(folder, worker);
  const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
  const args = [wrangler, 'deploy', '--dry-run', '--env', worker, '--outdir', outdir];
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: join(folder, 'logs'),
    NO_COLOR: '1',
  };
  await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return join(outdir, 'index.js');
}

export const gzippedKilobytes = (file: string) => gzipSync(readFileSync(file)).length / 1000;
