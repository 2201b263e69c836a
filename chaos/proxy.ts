import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came, whole. `path` with its query. */
export type Exchange = {
  seam: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
};
export type Reply = { status: number; headers: Record<string, string>; body: Buffer };

/** What the caller gets: an answer, half of one, one that drips, or a connection that breaks. */
export type Outcome = Reply | { cut: true } | { half: Reply } | { drip: Reply; everyMs: number };

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

// A connection per request: one that the other side has just given up would look like a fault that nobody ordered.
const agent = new Agent({ keepAlive: false });
const UPSTREAM_MS = 130_000;

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

async function readExchange(seam: string, incoming: IncomingMessage): Promise<Exchange> {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
  return { seam, method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers, body: await readAll(incoming) };
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// Per connection, or settled anew by whoever sends the body.
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect']);
const withoutHop = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)));

function send(target: string | undefined, { method, path, headers, body }: Exchange): Promise<Reply> {
  if (target === undefined) return Promise.reject(new Error('nobody there'));
  return new Promise((resolve, reject) => {
    const bodied = body.length > 0 ? { 'content-length': String(body.length) } : {};
    const options = { method, headers: { ...withoutHop(headers), ...bodied }, agent, timeout: UPSTREAM_MS };
    const upstream = request(target + path, options, (answer) => {
      readExchange('', answer).then(
        (read) => resolve({ status: answer.statusCode ?? 502, headers: withoutHop(read.headers), body: read.body }),
        reject,
      );
    });
    upstream.on('timeout', () => upstream.destroy(new Error('timeout')));
    upstream.on('error', reject);
    upstream.end(body);
  });
}

async function write(outcome: Outcome, response: ServerResponse): Promise<void> {
  if ('cut' in outcome) return void response.destroy();
  const [reply, how] =
    'half' in outcome ? [outcome.half, 'half'] : 'drip' in outcome ? [outcome.drip, 'drip'] : [outcome, ''];
  const bodiless = reply.status === 204 || reply.status === 304;
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(!bodiless && { 'content-length': String(reply.body.length) }),
  });
  if (how === 'half') {
    response.write(reply.body.subarray(0, Math.floor(reply.body.length / 2)), () => response.destroy());
  } else if (how === 'drip') {
    await drip(reply.body, response, (outcome as { everyMs: number }).everyMs);
  } else {
    response.end(reply.body);
  }
}

async function drip(body: Buffer, response: ServerResponse, everyMs: number): Promise<void> {
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  response.end();
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
