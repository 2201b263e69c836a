import type { Database } from '../support/store.ts';

/** A request as it came in: `received_at` ISO 8601, header names in lower case, `body` as text. */
export type Message = { received_at: string; headers: Record<string, string>; body: string };

/** How a name answers; without `times` until it is told otherwise. */
export type Answer = {
  status: number;
  times?: number;
  headers?: Record<string, string>;
  body?: string;
  delay_ms?: number;
};

type Stored = { id: string; name: string; message: Message };

export type Mailboxes = {
  add(name: string, message: Message): void;
  list(name: string): Message[];
  /** Forgets the messages and the answer of a name. */
  clear(name: string): void;
  names(): { name: string; count: number }[];
  setAnswer(name: string, answer: Answer): void;
  /** The answer to give now, counted down; undefined: the usual one. */
  takeAnswer(name: string): Answer | undefined;
};

/** Messages by name, oldest first; beyond `maxMessages` a name forgets its oldest. Bodies stay on disk. */
export function createMailboxes(database: Database, maxMessages: number): Mailboxes {
  const messages = database.table<Stored>('messages');
  const answers = database.table<Answer>('answers');
  const ids = new Map<string, string[]>();
  let last = 0;
  for (const { id, name } of messages.all()) {
    last = Number(id);
    remember(name, id);
  }

  function remember(name: string, id: string): string[] {
    const known = ids.get(name) ?? [];
    known.push(id);
    ids.set(name, known);
    return known;
  }

  function add(name: string, message: Message): void {
    last += 1;
    const id = String(last).padStart(15, '0');
    messages.put(id, { id, name, message });
    const known = remember(name, id);
    while (known.length > maxMessages) messages.delete(known.shift() ?? '');
  }

  function list(name: string): Message[] {
    return (ids.get(name) ?? []).flatMap((id) => messages.get(id)?.message ?? []);
  }

  function clear(name: string): void {
    for (const id of ids.get(name) ?? []) messages.delete(id);
    ids.delete(name);
    answers.delete(name);
  }

  function takeAnswer(name: string): Answer | undefined {
    const answer = answers.get(name);
    if (answer?.times === undefined) return answer;
    if (answer.times > 1) answers.put(name, { ...answer, times: answer.times - 1 });
    else answers.delete(name);
    return answer;
  }

  const names = () => [...ids].map(([name, { length }]) => ({ name, count: length }));
  return { add, list, clear, names, setAnswer: answers.put, takeAnswer };
}
