import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type WorkerName, workerNames } from './names.ts';
import { problem } from './problem.ts';
import { makeFolder, projectRoot, type StateFolder, shown } from './state-folder.ts';

const cache = join(projectRoot, 'node_modules/.cache/darkroom/bundles');
const wrangler = join(projectRoot, 'node_modules/wrangler/bin/wrangler.js');
/** What the build command of `submit` leaves beside the bundle. */
const assets = join(projectRoot, 'dist/assets/docs/standalone.js');

/** Worker → folder with `index.js`, the very file that a deploy would upload. */
export type Bundles = Record<WorkerName, string>;

/** Bundles the Workers with `wrangler deploy --dry-run`, unless nothing they are made of has changed. */
export async function bundleWorkers(state: StateFolder): Promise<Bundles & { cached: boolean }> {
  const folder = join(cache, fingerprint());
  const cached = existsSync(folder) && existsSync(assets);
  if (!cached) await build(folder, state);
  const entries = workerNames.map((name) => [name, join(folder, name)]);
  return { ...(Object.fromEntries(entries) as Bundles), cached };
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const sources = globSync('{functions,shared}/**/*.{ts,json}', { cwd: projectRoot }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  for (const file of ['wrangler.toml', 'package-lock.json', 'tsconfig.json', ...sources.sort()]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(projectRoot, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** Into a folder of its own, renamed when whole: two stacks may start at once, and either may be killed. */
async function build(folder: string, state: StateFolder): Promise<void> {
  const fresh = `${folder}.${process.pid}`;
  makeFolder(fresh, cache);
  // Wrangler's build puts the assets there.
  makeFolder(join(projectRoot, 'dist'));
  await Promise.all(workerNames.map((name) => bundle(name, join(fresh, name), state)));
  dropOld();
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another stack was faster with the very same bundles.
    if (!existsSync(folder)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Not what another stack may be about to read. */
function dropOld(): void {
  const yesterday = Date.now() - 24 * 3600 * 1000;
  for (const name of globSync('*', { cwd: cache })) {
    const path = join(cache, name);
    if (statSync(path).mtimeMs < yesterday) rmSync(path, { recursive: true, force: true });
  }
}

function bundle(name: WorkerName, outdir: string, state: StateFolder): Promise<void> {
  const args = [wrangler, 'deploy', '--dry-run', '--env', name, '--outdir', outdir];
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: join(state.logs, 'wrangler'),
    NO_COLOR: '1',
  };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: projectRoot, env }, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const said = `${stdout}\n${stderr}`.split('\n').filter((line) => /error|✘|Could not/i.test(line));
      const where = `more in ${shown(join(state.logs, 'wrangler'))}`;
      reject(
        problem(
          `functions/${name} does not build (${where}):\n    ${said.slice(0, 5).join('\n    ')}`,
          'Mend it, then npm start',
          error,
        ),
      );
    });
  });
}
