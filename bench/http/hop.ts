import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchStack } from './stack.ts';
import { startWorkerd } from './workerd.ts';

/** Asks a service of the stack so often, one call after the other; the service answers without doing anything for it. */
const hopWorker = `export default {
  async fetch(request, env) {
    const count = Number(new URL(request.url).searchParams.get('count'));
    for (let n = 0; n < count; n++) await (await fetch(env.URL)).text();
    return new Response();
  },
};
`;

const FEW = 1;
const MANY = 11;

export type Hop = { measure: () => Promise<number>; end: () => Promise<void> };

/** Milliseconds of one hop: from a Worker through a seam to a service of the stack and back. What a request costs beside is taken off. */
export async function startHop({ seams }: BenchStack): Promise<Hop> {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-hop-'));
  const file = join(folder, 'index.js');
  writeFileSync(file, hopWorker);
  const { port, stop } = await startWorkerd({ file, env: { URL: `${seams.supabase.origin}/__stats` } });
  const timed = async (count: number) => {
    const begin = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/?count=${count}`)).text();
    return performance.now() - begin;
  };
  const measure = async () => {
    const few = await timed(FEW);
    return ((await timed(MANY)) - few) / (MANY - FEW);
  };
  const end = async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { measure, end };
}
