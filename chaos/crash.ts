import type { World } from './world.ts';

let last: Promise<unknown> = Promise.resolve();

/** Kills the whole stack and starts it again on the same state; one after the other if several are asked for at once. */
export function restart(world: World, why: string): Promise<void> {
  const next = last.then(() => crash(world, why));
  last = next.catch(() => {});
  return next;
}

async function crash({ stack, log, elapsed }: World, why: string): Promise<void> {
  log(`  ${why} at ${elapsed()} ms`);
  await stack.kill();
  await stack.start();
  log(`  up again at ${elapsed()} ms`);
}

/** Waits for crashes that are being recovered from; starts what does not run. */
export async function ensureRunning(world: World): Promise<void> {
  await last;
  if (world.stack.running()) return;
  world.report('violations', 'the stack ended by itself', '');
  await restart(world, 'Started again');
}

/** workerd needs some seconds to be back, and what it then begins should be alive before it dies again. */
const KILL_GAP_MS = 3_500;
let killedAt = Number.NEGATIVE_INFINITY;

/** SIGKILL for workerd. False if it was killed just now, or is not there. */
export function killWorkers({ stack }: Pick<World, 'stack'>): boolean {
  if (performance.now() - killedAt < KILL_GAP_MS || !stack.killWorkers()) return false;
  killedAt = performance.now();
  return true;
}
