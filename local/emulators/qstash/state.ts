import { type Database, openDatabase, type Store } from '../support/store.ts';
import type { Message } from './message.ts';
import type { SigningKeys } from './signature.ts';

/** A message whose retries are used up, with the last answer to it. */
export type DeadLetter = Message & {
  dlqId: string;
  responseStatus: number;
  responseHeader: Record<string, string[]>;
  responseBody: string;
};

export type Deduplication = { id: string; messageId: string; at: number };

/** What happened to a message since this process started, for tests and people. */
export type Trace = {
  messageId: string;
  url: string;
  body: string;
  state: 'pending' | 'delivered' | 'failed' | 'canceled' | 'lost';
  attempts: { at: number; status: number }[];
};

export type Counters = Record<
  'published' | 'deduplicated' | 'attempts' | 'delivered' | 'failed' | 'canceled' | 'lost',
  number
>;

export type State = {
  database: Database;
  messages: Store<Message>;
  deadLetters: Store<DeadLetter>;
  deduplications: Store<Deduplication>;
  keys: Store<SigningKeys>;
  counters: Counters;
  traces: Map<string, Trace>;
};

const TRACES = 1000;

export function openState(file: string): State {
  const database = openDatabase(file);
  return {
    database,
    messages: database.table('messages'),
    deadLetters: database.table('dead_letters'),
    deduplications: database.table('deduplications'),
    keys: database.table('signing_keys'),
    counters: { published: 0, deduplicated: 0, attempts: 0, delivered: 0, failed: 0, canceled: 0, lost: 0 },
    traces: new Map(),
  };
}

/** The trace of a message; begins one, and forgets the oldest when there are too many. */
export function traceOf({ traces }: State, message: Message): Trace {
  const known = traces.get(message.messageId);
  if (known !== undefined) return known;
  const body = Buffer.from(message.body, 'base64').toString();
  const trace: Trace = { messageId: message.messageId, url: message.url, body, state: 'pending', attempts: [] };
  traces.set(message.messageId, trace);
  const [oldest] = traces.keys();
  if (traces.size > TRACES && oldest !== undefined) traces.delete(oldest);
  return trace;
}

/** Counts the end of a message and forgets it. */
export function end(state: State, message: Message, how: Exclude<Trace['state'], 'pending'>): void {
  state.messages.delete(message.messageId);
  state.counters[how] += 1;
  traceOf(state, message).state = how;
}
