import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue } from './faults/catalogue.ts';
import { checkInvariants } from './oracle/invariants.ts';
import { type FaultChoice, randomOf } from './plan-faults.ts';
import { runWorkload } from './workload.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 1_500;

/** Clients and faults together, each at its time, while the books are watched. Resolves when the time of faults is over. */
export async function runStorm(world: World): Promise<{ clients: Promise<void> }> {
  const clients = runWorkload(world);
  const faults = Promise.all(world.plan.faults.map((choice) => injectLater(world, choice)));
  const over = sleep(world.plan.stormMs);
  void watchBooks(world);
  await Promise.all([faults, over]);
  return { clients };
}

async function injectLater(world: World, choice: FaultChoice): Promise<void> {
  await sleep(Math.max(0, choice.at - world.elapsed()));
  const fault = catalogue.find(({ name }) => name === choice.name);
  await fault?.inject(world, randomOf(choice), choice.name);
}

async function watchBooks(world: World): Promise<void> {
  let looks = 0;
  while (world.stormy()) {
    if (await checkInvariants(world)) looks += 1;
    await sleep(LOOK_EVERY_MS);
  }
  world.log(`  the books were looked at ${looks} times during the storm`);
}
