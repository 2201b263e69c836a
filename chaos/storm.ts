import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue } from './faults/catalogue.ts';
import { checkInvariants } from './oracle/invariants.ts';
import { type FaultChoice, kindsOf, randomOf } from './plan-faults.ts';
import { enoughHappened } from './vacuous.ts';
import { runWorkload } from './workload.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 1_500;
const MOST_LONGER_MS = 15_000;

/** Clients and faults together, each at its time, while the books are watched. Resolves when the time of faults is over. */
export async function runStorm(world: World): Promise<{ clients: Promise<void> }> {
  const clients = runWorkload(world);
  const faults = Promise.all(world.plan.faults.map((choice) => injectLater(world, choice)));
  void watchBooks(world);
  await faults;
  await outlast(world);
  return { clients };
}

/** On a slow machine jobs come late to where faults wait for them: then the storm lasts longer, but not for ever. */
async function outlast({ plan, happened, stormy, prolong }: World): Promise<void> {
  let longer = 0;
  const tooFew = () => longer < MOST_LONGER_MS && !enoughHappened(kindsOf(plan), happened, plan.jobs);
  while (stormy() || tooFew()) {
    if (tooFew()) {
      prolong(100);
      longer += 100;
    }
    await sleep(100);
  }
}

async function injectLater(world: World, choice: FaultChoice): Promise<void> {
  await sleep(Math.max(0, choice.at - world.elapsed()));
  const fault = catalogue.find(({ name }) => name === choice.name);
  await fault?.inject(world, randomOf(choice), choice.name);
}

async function watchBooks(world: World): Promise<void> {
  while (world.stormy()) {
    if (await checkInvariants(world)) world.evidence.looks += 1;
    await sleep(LOOK_EVERY_MS);
  }
  world.log(`  the books were looked at ${world.evidence.looks} times during the storm`);
}
