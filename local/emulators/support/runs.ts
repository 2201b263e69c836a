import type { Store } from './store.ts';
import { createTimers } from './timers.ts';

/** Work of an asynchronous vendor: queued, then running, then done; times in ms, `ends_at` null for work that hangs. */
export type Run = {
  id: string;
  phase: 'queued' | 'running' | 'done';
  starts_at: number;
  ends_at: number | null;
  done_at: number | null;
};

export type Runs<T extends Run> = {
  add(run: T): void;
  get(id: string): T | undefined;
  all(): T[];
  /** Ends a run now, e.g. a canceled one. What is done stays as it is. */
  finish(id: string, change: Partial<T>): T | undefined;
  /** Resolves when the run is done, or after `ms`. */
  settled(id: string, ms: number): Promise<void>;
  /** Takes up what an earlier process left unfinished. */
  resume(): void;
  stop(): void;
};

type Options<T extends Run> = {
  store: Store<T>;
  now: () => number;
  /** Called when work begins. */
  onRunning?: (run: T) => void;
  /** The vendor's verdict at the end of the work: the fields to change. */
  conclude: (run: T) => Partial<T>;
  /** Called once a run is over, before that is stored: a crash in between repeats it, it never skips it. */
  onDone?: (run: T) => void;
};

export function createRuns<T extends Run>({ store, now, onRunning, conclude, onDone }: Options<T>): Runs<T> {
  const timers = createTimers(now);
  const waiting = new Map<string, (() => void)[]>();

  const schedule = (run: T) => {
    if (run.phase === 'queued') timers.at(run.id, run.starts_at, () => begin(run.id));
    else if (run.phase === 'running' && run.ends_at !== null) timers.at(run.id, run.ends_at, () => end(run.id));
  };
  const begin = (id: string) => {
    const run = store.get(id);
    if (run?.phase !== 'queued') return;
    const running = { ...run, phase: 'running' as const };
    store.put(id, running);
    onRunning?.(running);
    schedule(running);
  };
  const end = (id: string) => {
    const run = store.get(id);
    if (run !== undefined) finish(id, conclude(run));
  };
  const finish = (id: string, change: Partial<T>) => {
    const run = store.get(id);
    if (run === undefined || run.phase === 'done') return run;
    const done: T = { ...run, ...change, phase: 'done', done_at: now() };
    onDone?.(done);
    store.put(id, done);
    timers.clear(id);
    for (const wake of waiting.get(id) ?? []) wake();
    waiting.delete(id);
    return done;
  };
  const settled = (id: string, ms: number) =>
    new Promise<void>((resolve) => {
      if (store.get(id)?.phase === 'done' || ms <= 0) return resolve();
      const timer = setTimeout(resolve, ms);
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      waiting.set(id, [...(waiting.get(id) ?? []), wake]);
    });
  return {
    add(run) {
      store.put(run.id, run);
      schedule(run);
    },
    get: store.get,
    all: store.all,
    finish,
    settled,
    resume: () => store.all().forEach(schedule),
    stop: timers.stop,
  };
}
