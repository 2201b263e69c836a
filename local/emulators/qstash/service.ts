import { attempt } from './attempt.ts';
import { type QueueContext, subjectOf } from './context.ts';
import { createDispatcher } from './dispatcher.ts';
import type { Draft } from './draft.ts';
import { type Message, parseDraft } from './message.ts';
import { createQueues } from './queues.ts';
import { settle } from './settlement.ts';
import { end, traceOf } from './state.ts';

/** What a start leaves in the dead-letter queue: the newest. */
const KEPT_DEAD_LETTERS = 10_000;

export type Acceptance = { messageId: string; deduplicated?: true };

/** The queue itself: accepts messages, delivers them when due, and ends them. */
export type Service = ReturnType<typeof createService>;

export function createService(context: QueueContext) {
  const { state, faults, now } = context;
  const stopping = new AbortController();
  const dispatcher = createDispatcher({ deliver, concurrency: context.concurrency, now });
  const queues = createQueues();

  /** Stores a message and schedules it. The answer is the vendor's, `error` for a bad request. */
  function publish(draft: Draft): Acceptance | { error: string } {
    const parsed = parseDraft(draft, now());
    if ('error' in parsed) return parsed;
    const twin = parsed.deduplicationId === undefined ? undefined : findTwin(parsed.deduplicationId);
    if (twin !== undefined) return { messageId: twin, deduplicated: true };
    const { messageId } = parsed.message;
    accept(parsed.message);
    const id = parsed.deduplicationId;
    if (id !== undefined) state.deduplications.put(id, { id, messageId, at: now() });
    return { messageId };
  }

  function findTwin(deduplicationId: string): string | undefined {
    const known = state.deduplications.get(deduplicationId);
    if (known === undefined || now() - known.at >= context.deduplicationMs) return undefined;
    state.counters.deduplicated += 1;
    return known.messageId;
  }

  function accept(message: Message): void {
    const delay = faults.take(['delay'], subjectOf(message));
    const stored = delay === undefined ? message : { ...message, dueAt: message.dueAt + (delay.ms ?? 5000) };
    state.messages.put(stored.messageId, stored);
    state.counters.published += 1;
    traceOf(state, stored);
    if (faults.take(['drop'], subjectOf(stored)) !== undefined) end(state, stored, 'lost');
    else if (queues.enter(stored)) dispatcher.add(stored);
  }

  async function deliver(messageId: string): Promise<void> {
    const message = state.messages.get(messageId);
    if (message === undefined) return;
    const answer = await attempt(message, {
      key: context.keys().current,
      now: now(),
      timeoutMs: context.timeoutMs,
      signal: stopping.signal,
    });
    // A message that was cut off by our own stop was not answered: it is sent again at the next start.
    if (stopping.signal.aborted) return;
    state.counters.attempts += 1;
    traceOf(state, message).attempts.push({ at: now(), status: answer.status });
    // Canceled meanwhile: the attempt was made, but nothing follows from it.
    if (state.messages.get(messageId) === undefined) return;
    const again = settle(message, answer, { ...context, publish });
    if (again !== undefined) dispatcher.add(again);
    else release(message);
  }

  function release(message: Message): void {
    const next = queues.leave(message);
    const waiting = next === undefined ? undefined : state.messages.get(next);
    if (waiting !== undefined) dispatcher.add(waiting);
  }

  /** Stops future deliveries of a message; false if there is none. One that is on its way still arrives. */
  function cancel(messageId: string): boolean {
    const message = state.messages.get(messageId);
    if (message === undefined) return false;
    dispatcher.remove(messageId);
    end(state, message, 'canceled');
    release(message);
    return true;
  }

  /** Takes up what an earlier process left undelivered. */
  function resume(): void {
    for (const { id, at } of state.deduplications.all()) {
      if (now() - at >= context.deduplicationMs) state.deduplications.delete(id);
    }
    for (const { dlqId } of state.deadLetters.all().slice(0, -KEPT_DEAD_LETTERS)) state.deadLetters.delete(dlqId);
    for (const message of state.messages.all()) if (queues.enter(message)) dispatcher.add(message);
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await dispatcher.stop();
  }

  return { publish, accept, cancel, resume, stop, counts: dispatcher.counts };
}
