import { type Mocked, vi } from 'vitest';
import type { CallbackDatabase, DueDelivery } from '../../../shared/db/callback.ts';
import type { JobRow } from '../../../shared/db/rows.ts';
import { ok, refused } from '../../../shared/errors/result.ts';
import { silent } from '../../../shared/log/log.ts';
import { encodeSecret } from '../../../shared/signatures/secret.ts';
import { createApp } from '../app.ts';
import type { CallbackDeps } from '../deps.ts';

/** For tests: a Worker over a database that remembers what it was asked. */
export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const ORIGIN = 'https://darkroom.test';
export const SIGNING_SECRET = encodeSecret(new Uint8Array(32).fill(1));
export const WEBHOOK_MASTER = encodeSecret(new Uint8Array(32).fill(2));
export const INBOX = 'http://127.0.0.1:9999';

/** Every method is a spy: the default one, or what a test puts in its place. */
export function fakeDatabase(overrides: Partial<CallbackDatabase> = {}): Mocked<CallbackDatabase> {
  const methods: CallbackDatabase = {
    applyCallback: async () => ok({ result: 'applied', lanes: [] }),
    sweep: async () => ok({ expired: 0, applied: 0, concluded: 0, lanes: [] }),
    dueDeliveries: async () => ok([]),
    recordDelivery: async () => ok({ status: 'delivered' }),
    defaultWebhook: async () => ok({ account_id: 'acct_1', secret_version: 1 }),
    listDeliveries: async () => ok({ data: [], next_cursor: null }),
    getDelivery: async () => refused('not_found'),
    replayDelivery: async () => refused('not_found'),
    ...overrides,
  };
  const spies = Object.entries(methods).map(([name, method]) => [name, vi.fn(method as () => unknown)]);
  return Object.fromEntries(spies) as Mocked<CallbackDatabase>;
}

export function fakeDeps(overrides: Partial<CallbackDeps> = {}): CallbackDeps {
  return {
    db: fakeDatabase(),
    wake: vi.fn(async () => {}),
    verifyUser: async () => refused('unauthenticated'),
    fetch: vi.fn(async () => new Response('thanks')),
    log: silent,
    now: () => NOW,
    origin: ORIGIN,
    allowedOrigins: [],
    signingSecret: SIGNING_SECRET,
    webhookMaster: WEBHOOK_MASTER,
    localOrigins: [INBOX],
    ...overrides,
  };
}

/** Requests to the Worker, and a way to wait for what it left to `waitUntil`. */
export function serve(deps: CallbackDeps) {
  const pending: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => pending.push(work),
    passThroughOnException: () => {},
    props: {},
  };
  const app = createApp(deps);
  return {
    request: (path: string, init?: RequestInit) => app.request(path, init, {}, context as unknown as ExecutionContext),
    afterwards: () => Promise.all(pending),
  };
}

export function dueDelivery(more: Partial<DueDelivery> = {}): DueDelivery {
  const data = { id: 'job_1', status: 'completed', preview: false, events_token: 'tok' } as unknown as JobRow;
  return {
    id: `evt_${'0'.repeat(32)}`,
    attempt: 1,
    url: 'https://partner.example/hook',
    body: { type: 'job.completed', timestamp: '2026-11-21T11:59:00.000Z', data },
    account_id: 'acct_1',
    secret_version: 1,
    ...more,
  };
}

/** The JSON of an answer, for looking into. */
// biome-ignore lint/suspicious/noExplicitAny: a test asks for what it expects
export const json = (response: Response): Promise<any> => response.json();
