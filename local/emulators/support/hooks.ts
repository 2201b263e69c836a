import type { Database } from './store.ts';
import { createTimers } from './timers.ts';

/** A webhook on its way. What it says and how it is signed follows from `context`, anew at every try. */
export type Hook<Context> = {
  id: string;
  url: string;
  context: Context;
  /** Tries so far. */
  tries: number;
  due_at: number;
  /** Whether anything but a 2xx is tried again. */
  retried: boolean;
};

export type Hooks<Context> = {
  send(hook: Pick<Hook<Context>, 'id' | 'url' | 'context' | 'retried'>): void;
  /** Takes up what an earlier process did not get through. */
  resume(): void;
  stop(): void;
  counters(): { delivered: number; failed: number; given_up: number; pending: number };
};

type Options<Context> = {
  database: Database;
  now: () => number;
  /** Body and headers of one try, signed at the moment of sending. */
  compose: (context: Context) => Promise<{ body: string; headers: Record<string, string> }>;
  /** Waits between tries, in ms; after the last the webhook is given up. */
  retryDelaysMs?: number[];
  timeoutMs?: number;
};

/** Sends webhooks from an outbox, so that a killed emulator delivers them when it comes back. Redirects are failures. */
export function createHooks<Context>(options: Options<Context>): Hooks<Context> {
  const { database, now, compose, retryDelaysMs = [500, 1000, 2000, 4000, 8000], timeoutMs = 15_000 } = options;
  const outbox = database.table<Hook<Context>>('hooks');
  const timers = createTimers(now);
  const closing = new AbortController();
  const counts = { delivered: 0, failed: 0, given_up: 0 };

  const post = async (hook: Hook<Context>) => {
    const { body, headers: signed } = await compose(hook.context);
    const headers = { 'content-type': 'application/json', ...signed };
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal]);
    const answer = await fetch(hook.url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await answer.arrayBuffer();
    return answer.ok;
  };
  const attempt = async (hook: Hook<Context>) => {
    const arrived = await post(hook).catch(() => false);
    if (closing.signal.aborted) return;
    counts[arrived ? 'delivered' : 'failed'] += 1;
    const wait = hook.retried && !arrived ? retryDelaysMs[hook.tries] : undefined;
    if (wait !== undefined) return schedule({ ...hook, tries: hook.tries + 1, due_at: now() + wait });
    if (!arrived) counts.given_up += 1;
    outbox.delete(hook.id);
  };
  const schedule = (hook: Hook<Context>) => {
    outbox.put(hook.id, hook);
    timers.at(hook.id, hook.due_at, () => void attempt(hook));
  };
  return {
    send: (hook) => schedule({ ...hook, tries: 0, due_at: now() }),
    resume: () => outbox.all().forEach(schedule),
    stop() {
      timers.stop();
      closing.abort();
    },
    counters: () => ({ ...counts, pending: outbox.all().length }),
  };
}
