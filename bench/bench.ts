import { type BenchStack, startBenchStack } from './http/stack.ts';
import { type DatabaseServer, startDatabaseServer } from './sql/server.ts';

/** What the rows run on. Started when a row first asks for it, and shared by those after it. */
export type Bench = {
  quick: boolean;
  log: (line: string) => void;
  databases: () => Promise<DatabaseServer>;
  stack: () => Promise<BenchStack>;
};

/** Violations of the books, by database. */
export type Sound = { database: string; violations: number; names: string[] };

export type Benches = Bench & {
  /** Asks the invariants of the databases that the last row made, and drops them; after the last row of the stack's as well. */
  check: (when?: { last: boolean }) => Promise<Sound[]>;
  end: () => Promise<void>;
};

export function createBench(quick: boolean, log: (line: string) => void): Benches {
  const databases = once(() => startDatabaseServer(log));
  const stack = once(() => startBenchStack(log));
  return {
    quick,
    log,
    databases: databases.open,
    stack: stack.open,
    async check({ last } = { last: false }) {
      const made = (await (await databases.opened())?.checkAndDrop()) ?? [];
      return last ? [...made, ...((await (await stack.opened())?.check()) ?? [])] : made;
    },
    async end() {
      await (await databases.opened())?.stop();
      await (await stack.opened())?.end();
    },
  };
}

function once<T>(start: () => Promise<T>) {
  let started: Promise<T> | undefined;
  const open = () => {
    started ??= start();
    return started;
  };
  /** What did not start has said so to the row that asked for it. */
  const opened = async () => started?.catch(() => undefined);
  return { open, opened };
}
