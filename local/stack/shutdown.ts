import { isProblem } from './problem.ts';
import { ownChildren } from './processes.ts';

/** Stops in reverse order of starting; each step once, whatever became of the others. */
export type Cleanup = { add: (stop: () => unknown) => void; run: () => Promise<void> };

export function createCleanup(): Cleanup {
  const stops: (() => unknown)[] = [];
  const attempt = async (stop: () => unknown) => stop();
  const run = async () => {
    for (const stop of stops.splice(0).reverse()) await attempt(stop).catch(() => {});
  };
  return { add: (stop) => void stops.push(stop), run };
}

const LIMIT_MS = 2000;
/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_KEY_PRESS_MS = 400;

export type Shutdown = {
  /** Prints why and stops with exit code 1; nothing if it is stopping already. */
  fail: (error: unknown) => Promise<void>;
  /** Stops in order and ends the process; nothing if it is stopping already. */
  stop: (exitCode?: number) => Promise<void>;
};

/** The first Ctrl-C stops everything in order, within 2 seconds; the second one kills. */
export function stopOnSignals(cleanup: Cleanup, print: (line: string) => void): Shutdown {
  let stopping: number | undefined;
  const stop = async (exitCode = 0) => {
    if (stopping !== undefined) return;
    stopping = performance.now();
    setTimeout(() => killChildren('SIGKILL', exitCode || 1), LIMIT_MS).unref();
    await cleanup.run();
    // What was being started when the signal came.
    killChildren('SIGTERM', exitCode);
  };
  const onSignal = () => {
    if (stopping !== undefined && performance.now() - stopping < SAME_KEY_PRESS_MS) return;
    if (stopping !== undefined) return killChildren('SIGKILL', 130);
    print('\nStopping … (Ctrl-C again kills)');
    void stop();
  };
  for (const signal of signals) process.on(signal, onSignal);
  keepToOurselves();
  const fail = async (error: unknown) => {
    if (stopping !== undefined) return;
    print(explain(error));
    await stop(1);
  };
  return { fail, stop };
}

const signals: string[] = ['SIGINT', 'SIGTERM', 'SIGHUP'] satisfies NodeJS.Signals[];

/** Miniflare exits at once on a signal, which would leave PostgreSQL behind: nobody else may listen to one. */
function keepToOurselves(): void {
  process.on('newListener', (event: string, listener: () => void) => {
    if (signals.includes(event)) process.nextTick(() => process.removeListener(event, listener));
  });
}

function killChildren(signal: NodeJS.Signals, exitCode: number): void {
  for (const { pid } of ownChildren()) {
    try {
      process.kill(pid, signal);
    } catch {}
  }
  process.exit(exitCode);
}

/** Two sentences for what people can fix, all there is for the rest. */
function explain(error: unknown): string {
  if (isProblem(error)) return `\n✗ ${error.message}\n  ${error.wayOut}.\n`;
  return `\n✗ ${error instanceof Error ? error.stack : error}\n`;
}
