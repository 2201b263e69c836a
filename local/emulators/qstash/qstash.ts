import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono, type Next } from 'hono';
import type { Emulator } from '../support/serve.ts';
import { FAULTS, type QueueContext } from './context.ts';
import { dlqRoutes } from './dlq-routes.ts';
import { createFaults } from './faults.ts';
import { createKeyRing, keyRoutes } from './keys.ts';
import { messageRoutes } from './message-routes.ts';
import { publishRoutes } from './publish-routes.ts';
import { createService, type Service } from './service.ts';
import type { SigningKeys } from './signature.ts';
import { openState, type State } from './state.ts';

export type QstashOptions = {
  /** The only bearer token that is accepted. */
  token: string;
  /** State file; by default nothing outlives the process. */
  file?: string;
  /** Keys of a fresh state; a rotation that was stored wins over them. */
  signingKeys?: SigningKeys;
  /** Multiplies the vendor's retry delays (12 s, 2 min 28 s, …); `Retry-After` is taken as it is. Default 1. */
  retryScale?: number;
  /** Deliveries under way at once. Default 50. */
  concurrency?: number;
  /** Default 5 minutes. */
  timeoutMs?: number;
  /** How long a deduplication id is remembered. Default 10 minutes. */
  deduplicationMs?: number;
  now?: () => number;
};

export type Qstash = Emulator & { signingKeys: () => SigningKeys };

/** Upstash QStash: at-least-once delivery of signed messages to loopback addresses. */
export function createQstash(options: QstashOptions): Qstash {
  const state = openState(options.file ?? ':memory:');
  const ring = createKeyRing(state.keys, options.signingKeys);
  const context = contextOf(options, state, ring.get);
  const service = createService(context);
  const app = new Hono();
  app.post('/__control', context.faults.control);
  app.get('/__messages', (c) => c.json(overview(state, service, Number(c.req.query('limit') ?? 100))));
  app.use('/v2/*', requireToken(options.token));
  app.route('/v2', publishRoutes(service, context.faults));
  app.route('/v2', messageRoutes(service, state));
  app.route('/v2', dlqRoutes(service, state, context.now));
  app.route('/v2', keyRoutes(ring));
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  const stop = () => service.stop().then(() => state.database.close());
  return { name: 'qstash', app, start: service.resume, stop, signingKeys: ring.get };
}

function contextOf(options: QstashOptions, state: State, keys: () => SigningKeys): QueueContext {
  return {
    state,
    keys,
    faults: createFaults(FAULTS),
    now: options.now ?? Date.now,
    concurrency: options.concurrency ?? 50,
    retryScale: options.retryScale ?? 1,
    timeoutMs: options.timeoutMs ?? 300_000,
    deduplicationMs: options.deduplicationMs ?? 600_000,
  };
}

function requireToken(token: string) {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async (c: Context, next: Next): Promise<Response | undefined> => {
    const query = c.req.query('qstash_token');
    const given = c.req.header('authorization') ?? (query === undefined ? '' : `Bearer ${query}`);
    if (!timingSafeEqual(digest(given), expected))
      return c.json({ error: 'unable to authenticate: invalid token' }, 401);
    await next();
    return undefined;
  };
}

function overview(state: State, service: Service, limit: number): object {
  const recent = [...state.traces.values()].reverse().slice(0, limit);
  return { ...state.counters, ...service.counts(), dlq: state.deadLetters.all().length, recent };
}
