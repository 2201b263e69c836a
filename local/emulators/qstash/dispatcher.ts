import type { Message } from './message.ts';

/** Runs `deliver` for each message when it is due, at most `concurrency` at once. */
export type Dispatcher = {
  /** Schedules a message, or schedules it anew after its `dueAt` changed. */
  add(message: Message): void;
  remove(messageId: string): void;
  counts(): { waiting: number; inFlight: number };
  /** Starts nothing more and waits for what is under way. */
  stop(): Promise<void>;
};

export type DispatcherOptions = {
  deliver: (messageId: string) => Promise<void>;
  concurrency: number;
  now: () => number;
};

// A longer timeout would overflow and fire at once.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export function createDispatcher({ deliver, concurrency, now }: DispatcherOptions): Dispatcher {
  const timers = new Map<string, NodeJS.Timeout>();
  const ready = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;

  function add(message: Message): void {
    remove(message.messageId);
    const wait = message.dueAt - now();
    if (wait <= 0) {
      ready.add(message.messageId);
      pump();
    } else {
      timers.set(
        message.messageId,
        setTimeout(() => add(message), Math.min(wait, LONGEST_TIMEOUT)),
      );
    }
  }

  function remove(messageId: string): void {
    clearTimeout(timers.get(messageId));
    timers.delete(messageId);
    ready.delete(messageId);
  }

  function pump(): void {
    for (const messageId of ready) {
      if (stopped || running.size >= concurrency) return;
      if (running.has(messageId)) continue;
      ready.delete(messageId);
      running.set(
        messageId,
        deliver(messageId).finally(() => finish(messageId)),
      );
    }
  }

  function finish(messageId: string): void {
    running.delete(messageId);
    pump();
  }

  async function stop(): Promise<void> {
    stopped = true;
    for (const timer of timers.values()) clearTimeout(timer);
    await Promise.allSettled(running.values());
  }

  return { add, remove, counts: () => ({ waiting: timers.size + ready.size, inFlight: running.size }), stop };
}
