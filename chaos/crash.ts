import type { World } from './world.ts';

/** Milliseconds of the storm that starting again takes away; if it takes longer, so does the storm. */
export const RESTART_MS = 6_000;

let last: Promise<unknown> = Promise.resolve();

/** Kills the whole stack and starts it again on the same state; one after the other if several are asked for at once. */
export function restart(world: World, why: string): Promise<void> {
  const next = last.then(() => crash(world, why));
  last = next.catch(() => {});
  return next;
}

async function crash({ stack, log, elapsed, outage }: World, why: string): Promise<void> {
  log(`  ${why} at ${elapsed()} ms`);
  await outage(RESTART_MS, async () => {
    await stack.kill();
    await stack.start();
  });
  log(`  up again at ${elapsed()} ms`);
}

/** Waits for crashes that are being recovered from; starts what does not run. */
export async function ensureRunning(world: World): Promise<void> {
  await last;
  if (world.stack.running()) return;
  world.report('violations', 'the stack ended by itself', '');
  await restart(world, 'Started again');
}

/** What the Workers begin when they are back should live for a while before they die again: else nothing but claims is ever met. */
const LEAST_UP_MS = 4_000;

/** SIGKILL for workerd. False if it has come up just now, or is not there. */
export const killWorkers = ({ stack }: Pick<World, 'stack'>): boolean =>
  stack.workersUpMs() > LEAST_UP_MS && stack.killWorkers();
