import type { World } from '../world.ts';
import { checkDeliveries } from './deliveries.ts';
import { checkInvariants } from './invariants.ts';
import { checkPromises, checkViews, type StoredJob, storedJobs } from './jobs.ts';
import { checkEverythingEnded } from './liveness.ts';
import { checkMoney, checkRefusals } from './money.ts';
import { checkRetries, checkSubmissions } from './providers.ts';
import { checkSecrets } from './secrets.ts';

/** Everything that must hold once the storm is over and all has settled. */
export async function judge(world: World, folder: string): Promise<void> {
  const stored = await judgeRows(world);
  await checkViews(world, stored);
  await checkRefusals(world);
  await checkSubmissions(world);
  await checkDeliveries(world);
  checkSecrets(world, folder);
}

/** What the database's rows alone decide, against what clients were told. Returns the jobs that it has. */
export async function judgeRows(world: World): Promise<StoredJob[]> {
  const stored = await storedJobs(world);
  if (!(await checkInvariants(world))) world.report('violations', 'the database cannot be asked at the end', '');
  checkPromises(world, stored);
  await checkMoney(world, stored);
  await checkRetries(world);
  await checkEverythingEnded(world);
  return stored;
}
