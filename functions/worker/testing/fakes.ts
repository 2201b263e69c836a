import { type Mocked, vi } from 'vitest';
import type { Stored } from '../../../shared/cloudinary/types.ts';
import type { Work } from '../../../shared/db/rows.ts';
import type { WorkerDatabase } from '../../../shared/db/worker.ts';
import { ok, refused } from '../../../shared/errors/result.ts';
import { silent } from '../../../shared/log/log.ts';
import type { HookResult, Verdict as Said, Started } from '../../../shared/providers/types.ts';
import { encodeSecret } from '../../../shared/signatures/secret.ts';
import { createApp } from '../app.ts';
import type { Adapter, WorkerDeps } from '../deps.ts';

/** For tests: a Worker between a database, a vault, a provider and a store that remember what they were asked. */
export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const ORIGIN = 'https://darkroom.test';
export const SIGNING_SECRET = encodeSecret(new Uint8Array(32).fill(1));
export const QSTASH = { currentKey: 'sig_current_0123456789', nextKey: 'sig_next_0123456789' };
export const CANARY = 'c4n4ry-provider-key';

export function work(more: Partial<Work> = {}): Work {
  return {
    attempt_id: 'att_1',
    fence: 3,
    job_id: 'job_1',
    account_id: 'acct_1',
    model: 'flux-dev',
    operation: 'image',
    stage: 'final',
    part: 1,
    outputs: 1,
    input: { prompt: 'a lighthouse' },
    provider: 'acme',
    provider_model: 'acme/flux',
    key_id: 'key_1',
    key_version: 1,
    request_id: 'req-1',
    status: 'submitted',
    longest_seconds: 300,
    candidate: { cost_usd: 0.03 } as Work['candidate'],
    cancel_requested: false,
    created_at: '2026-11-21T11:59:00.000Z',
    started_at: '2026-11-21T11:59:30.000Z',
    checks: 0,
    eta_seconds: 10,
    provider_state: { request_id: 'req-1', model: 'acme/flux', kind: 'image' },
    ...more,
  };
}

/** An attempt as a claim hands it out. */
export const claimed = (more: Partial<Work> = {}) =>
  work({ status: 'starting', request_id: null, provider_state: null, ...more });

export const image = { status: 'succeeded', outputs: [{ kind: 'image', url: 'https://cdn.acme.test/1.png' }] } as const;
export const succeeded = (): Said => structuredClone(image) as unknown as Said;

/** Every method is a spy: the default one, or what a test puts in its place. */
export function fakeDatabase(overrides: Partial<WorkerDatabase> = {}): Mocked<WorkerDatabase> {
  const methods: WorkerDatabase = {
    claim: async () => ok({ attempts: [], ended: [], cancels: [], lanes: [] }),
    recordSubmission: async () => ok({ recorded: true, cancel_requested: false }),
    openVerdict: async () => ok({ work: work(), leased: true }),
    recordVerdict: async (attempt_id, fence, { event }) =>
      ok({ attempt_id, fence, event, recorded: true, lanes: ['acme:platform'] }),
    releaseVerdict: async () => ok({ recorded: true }),
    rescheduleCheck: async () => ok({ recorded: true }),
    dueAttempts: async () => ok({ attempts: [], ended: [], cancels: [], lanes: [], assets: [] }),
    recordDestroyed: async () => ok({ recorded: true }),
    ...overrides,
  };
  const spies = Object.entries(methods).map(([name, method]) => [name, vi.fn(method as () => unknown)]);
  return Object.fromEntries(spies) as Mocked<WorkerDatabase>;
}

/** A provider that says what the test wants. `good` in `x-sign` counts as its signature. */
export function fakeProvider(says: { start?: Started; status?: Said; hook?: HookResult; synchronous?: boolean } = {}) {
  const pending: Started = {
    status: 'pending',
    requestId: 'req-1',
    state: { request_id: 'req-1', model: 'acme/flux', kind: 'image' },
  };
  const provider = {
    start: vi.fn(async () => says.start ?? pending),
    status: vi.fn(async () => says.status ?? succeeded()),
    cancel: vi.fn(async () => {}),
    check: async () => ({ result: 'valid', message: '' }) as const,
  };
  const create = vi.fn(() => provider);
  const verifyHook = vi.fn<Adapter['verifyHook']>(async ({ headers, requestId }) => {
    if (!(headers instanceof Headers) || headers.get('x-sign') !== 'good') return { ok: false, reason: 'signature' };
    const said: HookResult = says.hook ?? { ok: true, requestId: 'req-1', outcome: succeeded() };
    return said.ok && requestId && requestId !== said.requestId ? { ok: false, reason: 'request_id' } : said;
  });
  const adapter: Adapter = { create, verifyHook, outputHosts: [], synchronous: says.synchronous };
  return { adapter, create, verifyHook, ...provider };
}

export const storedAs = (publicId: string): Stored => ({
  ok: true,
  asset: {
    kind: 'image',
    url: `https://assets.test/${publicId}`,
    content_type: 'image/png',
    bytes: 10,
    public_id: publicId,
  },
});

export function fakeDeps(overrides: Partial<WorkerDeps> = {}) {
  const provider = fakeProvider();
  return {
    db: fakeDatabase(),
    keys: {
      open: vi.fn(async () => ({ key: CANARY, config: { webhook_secret: 'whsec_acme' }, key_id: 'key_1', version: 1 })),
    },
    adapter: (id: string) => (id === 'acme' ? provider.adapter : undefined),
    providerInput: () => ok({ prompt: 'a lighthouse' }),
    suggestions: () => [],
    kindOf: () => 'image',
    store: vi.fn(async ({ publicId }) => storedAs(publicId)),
    destroy: vi.fn<WorkerDeps['destroy']>(async (assets) => ({
      deleted: assets.map(({ public_id }) => public_id),
      failed: [],
    })),
    wake: vi.fn(async () => {}),
    post: vi.fn(async () => ({ status: 200 })),
    fetch: vi.fn(async () => new Response(null, { status: 404 })),
    log: silent,
    now: () => NOW,
    sleep: vi.fn(async () => {}),
    origin: ORIGIN,
    signingSecret: SIGNING_SECRET,
    qstash: QSTASH,
    hooks: true,
    local: false,
    outputOrigins: [],
    ...overrides,
  } satisfies WorkerDeps;
}

/** The same with one provider called `acme`, and its spies at hand. */
export function fakeWorker(says: Parameters<typeof fakeProvider>[0] = {}, overrides: Partial<WorkerDeps> = {}) {
  const provider = fakeProvider(says);
  const db = (overrides.db as Mocked<WorkerDatabase>) ?? fakeDatabase();
  const deps = fakeDeps({ adapter: (id) => (id === 'acme' ? provider.adapter : undefined), ...overrides, db });
  return { deps, db, provider, app: createApp(deps) };
}

/** A database that does not answer. */
export const down = async () => refused('unavailable');

/** What was recorded as the verdict of the one attempt in a test. */
export const verdictIn = (db: Mocked<WorkerDatabase>) => db.recordVerdict.mock.calls[0]?.[2];
