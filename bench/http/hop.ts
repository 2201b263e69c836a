import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Seen } from '../../test/seam.ts';
import { median } from '../statistics.ts';
import type { BenchStack } from './stack.ts';
import { startWorkerd } from './workerd.ts';

/** Asks an address so often, one call after the other; whoever is there answers without doing anything for it. */
const hopWorker = `export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const count = Number(searchParams.get('count'));
    for (let n = 0; n < count; n++) await (await fetch(env[searchParams.get('to')])).text();
    return new Response();
  },
};
`;

const isEmpty = ({ path }: Seen) => path === '/__stats';
const took = ({ at, answered = Number.NaN }: Seen) => answered - at;

const FEW = 1;
const MANY = 11;

/** Milliseconds of one hop at whose end nothing is done. */
export type EmptyHop = {
  /** From a Worker to a service of the stack and back, without the leg behind the seam, where a service's work is timed. */
  toService: number;
  /** From a Worker to another one through the front door, and back. */
  toWorker: number;
};

export type Hop = { measure: () => Promise<EmptyHop>; end: () => Promise<void> };

/** Measures hops of this stack; what a request costs beside is taken off. */
export async function startHop({ seams, stack }: BenchStack): Promise<Hop> {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-hop-'));
  const file = join(folder, 'index.js');
  writeFileSync(file, hopWorker);
  const { port, stop } = await startWorkerd({
    file,
    env: { SERVICE: `${seams.supabase.origin}/__stats`, WORKER: `${stack().origin}/internal/nothing` },
  });
  const timed = async (to: string, count: number) => {
    const begin = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/?to=${to}&count=${count}`)).text();
    return performance.now() - begin;
  };
  const one = async (to: string) => {
    const few = await timed(to, FEW);
    return ((await timed(to, MANY)) - few) / (MANY - FEW);
  };
  const measure = async () => {
    const from = seams.supabase.seen.length;
    const whole = await one('SERVICE');
    const behind = median(seams.supabase.seen.slice(from).filter(isEmpty).map(took));
    return { toService: whole - behind, toWorker: await one('WORKER') };
  };
  const end = async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { measure, end };
}
