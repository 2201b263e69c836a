import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient } from './client.ts';
import { dropStateFolder, newStateFolder, type RunningStack, runStack, writeDevVars } from './run-stack.ts';
import { openSeam, type Seam } from './seam.ts';
import type { StackValues } from './stack-values.ts';

export type OwnStack<Name extends string = never> = Client & {
  running: () => RunningStack;
  /** What stands between the Workers and the services that were named. */
  seams: Record<Name, Seam>;
  /** Starts it again on the same state folder. */
  restart: () => Promise<void>;
  /** Stops it and forgets it. */
  end: () => Promise<void>;
};

type Options<Name extends string> = {
  seams?: readonly Name[];
  env?: Record<string, string>;
  /** What stands in its `.dev.vars`. */
  devVars?: Record<string, string>;
};

/** A stack of the test's own, which it may break, kill and look into as a whole. */
export async function startOwnStack<Name extends string = never>({
  seams: names = [],
  env = {},
  devVars = {},
}: Options<Name> = {}): Promise<OwnStack<Name>> {
  const folder = newStateFolder();
  writeDevVars(folder, devVars);
  const values = (): StackValues => JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8'));
  const opened = names.map(async (name) => [name, await openSeam(() => values().emulators[name] as string)] as const);
  const seams = Object.fromEntries(await Promise.all(opened)) as Record<Name, Seam>;
  const start = () => runStack(['--no-sample'], folder, 0, { ...env, DARKROOM_SEAMS: originsOf(seams) });
  const client = createClient(values);
  let running = await start();
  return {
    ...client,
    seams,
    running: () => running,
    async restart() {
      running = await start();
    },
    async end() {
      await client.pool().end();
      await running.stop();
      for (const seam of Object.values<Seam>(seams)) seam.close();
      dropStateFolder(folder);
    },
  };
}

const originsOf = (seams: Record<string, Seam>) =>
  JSON.stringify(Object.fromEntries(Object.entries(seams).map(([name, { origin }]) => [name, origin])));
