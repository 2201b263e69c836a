import type { Message } from './message.ts';

/** The order of enqueued messages: first in, first out, one at a time for each queue. */
export type Queues = {
  /** True if the message may be delivered now: it stands first, or in no queue. */
  enter(message: Message): boolean;
  /** Takes an ended message out; the id of the one whose turn it is now. */
  leave(message: Message): string | undefined;
};

export function createQueues(): Queues {
  const lines = new Map<string, Set<string>>();

  function enter({ queueName, messageId }: Message): boolean {
    if (queueName === undefined) return true;
    const line = lines.get(queueName) ?? new Set();
    lines.set(queueName, line.add(messageId));
    return line.size === 1;
  }

  function leave({ queueName, messageId }: Message): string | undefined {
    const line = queueName === undefined ? undefined : lines.get(queueName);
    if (line === undefined) return undefined;
    const wasFirst = first(line) === messageId;
    line.delete(messageId);
    return wasFirst ? first(line) : undefined;
  }

  return { enter, leave };
}

const first = (line: Set<string>) => line.values().next().value;
