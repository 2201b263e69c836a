import type { StackContext } from './context.ts';
import { endLeftovers } from './leftovers.ts';
import { lockStateFolder } from './lock.ts';
import { serviceNames } from './names.ts';
import { assignPorts, claimFrontDoor, type Ports, wantedPort } from './ports.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { prepareStateFolder } from './state-folder.ts';

export type Taken = { frontPort: number; ports: Ports; secrets: Secrets };

/** Takes the state folder, ends what a killed start left in it, and settles ports and secrets. */
export async function takeOver({ state, progress, cleanup }: StackContext): Promise<Taken> {
  prepareStateFolder(state);
  cleanup.add(lockStateFolder(state).release);
  const ended = await endLeftovers(state);
  if (ended > 0) progress.line(`  Ended what a killed start left running (${ended})`);
  const wanted = wantedPort();
  if (wanted !== 0) await claimFrontDoor(wanted);
  const secrets = await loadSecrets(state);
  const names = ['postgres', ...serviceNames, ...(wanted === 0 ? ['front'] : [])];
  const { ports, moved } = await assignPorts(state, names);
  if (moved.length > 0) {
    progress.line(`  ! Another program has the old port of ${moved.join(', ')}: addresses stored under it are dead`);
  }
  return { frontPort: wanted || (ports.front as number), ports, secrets };
}
