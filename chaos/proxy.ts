import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Exchange, type Outcome, type Reply, readExchange, send, write } from './wire.ts';

/** Sends the request on, changed if one likes. Rejects where nothing answers. */
export type Forward = (change?: Partial<Exchange>) => Promise<Reply>;

export type Act = (exchange: Exchange, forward: Forward, rule: RuleHandle) => Promise<Outcome>;
/** `happened` counts; `decline` gives the turn back: this request was not the right one after all. */
export type RuleHandle = { happened: () => void; decline: () => void; released: AbortSignal };

export type Rule = {
  matches: (exchange: Exchange) => boolean;
  act: Act;
  /** How many requests it takes; default 1. */
  times?: number;
  happened: () => void;
};

export type SeamProxy = {
  name: string;
  origin: string;
  /** Where requests go; undefined: nobody there. */
  target: (origin: string | undefined) => void;
  arm: (rule: Rule) => void;
  /** Sees every request before it is forwarded, and every answer before it is passed on. */
  watch: (watcher: Watcher) => void;
  /** Forgets all rules and lets go of whatever is held. */
  heal: () => void;
  close: () => Promise<void>;
};

export type Watcher = {
  request?: (exchange: Exchange) => void;
  reply?: (exchange: Exchange, reply: Reply) => void;
};

type State = {
  name: string;
  target?: string;
  rules: { rule: Rule; left: number }[];
  watchers: Watcher[];
  release: AbortController;
};

/** Stands before one service on a loopback port that outlives it. */
export async function openProxy(name: string): Promise<SeamProxy> {
  const state: State = { name, rules: [], watchers: [], release: new AbortController() };
  const server = createServer((incoming, response) => void serve(state, incoming, response));
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: (origin) => {
      state.target = origin;
    },
    arm: (rule) => void state.rules.push({ rule, left: rule.times ?? 1 }),
    watch: (watcher) => void state.watchers.push(watcher),
    heal: () => {
      state.rules = [];
      state.release.abort();
      state.release = new AbortController();
    },
    close: () => close(server),
  };
}

async function serve(state: State, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const exchange = await readExchange(state.name, incoming);
    const outcome = await pass(state, exchange);
    await write(outcome, response);
  } catch {
    // Nobody there, or broken on the way: the caller sees what it would see without a proxy.
    response.destroy();
  }
}

async function pass(state: State, exchange: Exchange): Promise<Outcome> {
  for (const { request: seen } of state.watchers) seen?.(exchange);
  const forward: Forward = async (change = {}) => {
    const changed = { ...exchange, ...change };
    const reply = await send(state.target, changed);
    for (const { reply: seen } of state.watchers) seen?.(changed, reply);
    return reply;
  };
  const entry = state.rules.find(({ rule, left }) => left > 0 && rule.matches(exchange));
  if (entry === undefined) return forward();
  entry.left -= 1;
  const handle: RuleHandle = {
    happened: entry.rule.happened,
    decline: () => {
      entry.left += 1;
    },
    released: state.release.signal,
  };
  return entry.rule.act(exchange, forward, handle);
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
