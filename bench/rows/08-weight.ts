import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, gzippedKilobytes, WORKERS } from '../http/bundles.ts';
import { startWorkerd } from '../http/workerd.ts';
import type { Ratio, Row } from '../row.ts';
import { compare, interleave } from '../statistics.ts';

export const LIMIT_KB = 200;
const EXTRA_MS = 15;
const EMPTY = 'export default { fetch: () => new Response() };\n';

/** What each Worker weighs as it is deployed, and how long workerd takes from its start until the Worker listens. */
export const row: Row = {
  id: 8,
  name: 'weight',
  async run(bench) {
    const folder = mkdtempSync(join(tmpdir(), 'darkroom-weight-'));
    try {
      const files = await Promise.all(WORKERS.map((worker) => bundle(worker, folder)));
      const sizes = files.map((file, at): Ratio => {
        const measured = gzippedKilobytes(file);
        return { name: `${WORKERS[at]}, gzipped`, measured, against: LIMIT_KB, unit: 'kB', aim: { most: 1 } };
      });
      return [...sizes, ...(await startUps(files, folder, bench.quick ? 7 : 25))];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function startUps(files: string[], folder: string, rounds: number): Promise<Ratio[]> {
  mkdirSync(join(folder, 'empty'));
  const empty = join(folder, 'empty/index.js');
  writeFileSync(empty, EMPTY);
  const scripts = { ...Object.fromEntries(WORKERS.map((name, at) => [name, files[at] as string])), empty };
  const sides = Object.fromEntries(Object.entries(scripts).map(([name, file]) => [name, () => startUp(file)]));
  const values = await interleave(rounds, sides);
  const allowed = (values.empty as number[]).map((ms) => ms + EXTRA_MS);
  return WORKERS.map((name): Ratio => {
    const note = `against an empty Worker + ${EXTRA_MS} ms`;
    return {
      name: `${name}, start-up`,
      ...compare(values[name] as number[], allowed),
      unit: 'ms',
      aim: { most: 1 },
      note,
    };
  });
}

async function startUp(file: string): Promise<number> {
  const begin = performance.now();
  const { stop } = await startWorkerd({ file });
  const ms = performance.now() - begin;
  await stop();
  return ms;
}
