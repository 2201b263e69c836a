import { type Client, createClient } from './client.ts';
import { dropStateFolder, newStateFolder, type RunningStack, runStack } from './run-stack.ts';
import type { StackValues } from './stack-values.ts';

export type OwnStack = Client & {
  running: () => RunningStack;
  /** Starts it again on the same state folder. */
  restart: () => Promise<void>;
  /** Stops it and forgets it. */
  end: () => Promise<void>;
};

/** A stack of the test's own, which it may break, kill and look into as a whole. */
export async function startOwnStack(
  env: Record<string, string> = {},
  folder: string = newStateFolder(),
): Promise<OwnStack> {
  const start = () => runStack(['--no-sample'], folder, 0, env);
  let running = await start();
  const client = createClient(() => running.read<StackValues>('stack.json'));
  return {
    ...client,
    running: () => running,
    async restart() {
      running = await start();
    },
    async end() {
      await client.pool().end();
      await running.stop();
      console.log("kept", folder); void dropStateFolder;
    },
  };
}
