import type { World } from './world.ts';

let underWay = false;

/** Kills the whole stack and starts it again on the same state. False if another crash is being recovered from. */
export async function restart(world: World, why: string): Promise<boolean> {
  if (underWay) return false;
  underWay = true;
  try {
    world.log(`  ${why} at ${world.elapsed()} ms`);
    await world.stack.kill();
    await world.stack.start();
    world.log(`  up again at ${world.elapsed()} ms`);
    return true;
  } finally {
    underWay = false;
  }
}

/** Waits for a crash that is being recovered from; starts what does not run. */
export async function ensureRunning(world: World): Promise<void> {
  for (let waited = 0; underWay && waited < 120_000; waited += 200) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  if (world.stack.running()) return;
  world.report('violations', 'the stack ended by itself', '');
  await restart(world, 'Started again');
}
