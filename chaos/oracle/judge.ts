import type { World } from '../world.ts';
import { checkDeliveries } from './deliveries.ts';
import { checkInvariants } from './invariants.ts';
import { checkPromises, checkViews, storedJobs } from './jobs.ts';
import { checkEverythingEnded } from './liveness.ts';
import { checkMoney, checkRefusals } from './money.ts';
import { checkRetries, checkSubmissions } from './providers.ts';
import { checkSecrets } from './secrets.ts';

/** Everything that must hold once the storm is over and all has settled. */
export async function judge(world: World, folder: string): Promise<void> {
  const stored = await storedJobs(world);
  if (!(await checkInvariants(world))) world.report('violations', 'the database cannot be asked at the end', '');
  checkPromises(world, stored);
  await checkViews(world, stored);
  await checkMoney(world, stored);
  await checkRefusals(world);
  await checkSubmissions(world);
  await checkRetries(world);
  await checkDeliveries(world);
  await checkEverythingEnded(world);
  checkSecrets(world, folder);
}
