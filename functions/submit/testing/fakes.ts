import { mintSecret } from '../../../shared/auth/secrets.ts';
import type { JobRow } from '../../../shared/db/rows.ts';
import type { SubmitDatabase } from '../../../shared/db/submit.ts';
import { ok, refused } from '../../../shared/errors/result.ts';
import { createApp } from '../app.ts';
import type { Deps } from '../deps.ts';

export const ORIGIN = 'https://darkroom.test';
export const JOB_ID = `job_${'0'.repeat(31)}1`;
export const ACCOUNT_ID = `acct_${'0'.repeat(31)}2`;
export const API_KEY = mintSecret('api_key');

export function jobRow(more: Partial<JobRow> = {}): JobRow {
  return {
    id: JOB_ID,
    object: 'job',
    version: 1,
    status: 'queued',
    model: 'flux-dev',
    requested_model: 'flux-dev',
    operation: 'image',
    priority: 'normal',
    account_id: ACCOUNT_ID,
    project_id: null,
    end_user: null,
    input: { prompt: 'a lighthouse' },
    count: 1,
    preview: false,
    created_at: '2026-11-21T12:00:00.000Z',
    started_at: null,
    finished_at: null,
    deadline_at: '2026-11-21T12:10:00.000Z',
    queue_position: 0,
    progress: 0,
    eta_seconds: 8,
    credits: { held: 30, charged: 0, refunded: 0 },
    usage: null,
    outputs: [],
    attempts: [],
    routing: { considered: [] },
    error: null,
    cached: false,
    warnings: [],
    metadata: {},
    events_token: 't0ken',
    ...more,
  };
}

export type DatabaseCall = { fn: keyof SubmitDatabase; args: unknown[] };
export type Answers = Partial<{ [fn in keyof SubmitDatabase]: (...args: never[]) => unknown }>;

/** Answers what the test says, `not_found` otherwise, and remembers every call. */
export function fakeDatabase(answers: Answers = {}) {
  const calls: DatabaseCall[] = [];
  const db = new Proxy({} as SubmitDatabase, {
    get:
      (_target, fn: keyof SubmitDatabase) =>
      async (...args: unknown[]) => {
        calls.push({ fn, args });
        const answer = answers[fn] as ((...args: unknown[]) => unknown) | undefined;
        return answer ? answer(...args) : refused('not_found');
      },
  });
  return { db, calls };
}

/** A clock that only sleeping moves. */
export function fakeClock(start = Date.parse('2026-11-21T12:00:00Z')) {
  let at = start;
  const naps: number[] = [];
  return {
    naps,
    now: () => at,
    async sleep(ms: number) {
      naps.push(ms);
      at += ms;
    },
  };
}

export function fakeDeps(answers: Answers = {}, more: Partial<Deps> = {}) {
  const { db, calls } = fakeDatabase(answers);
  const clock = fakeClock();
  const woken: string[] = [];
  const deps: Deps = {
    db,
    wake: async (lanes) => void woken.push(...lanes),
    verifyUser: async () => refused('unauthenticated'),
    readLimits: async () => null,
    snapshots: { get: async () => null, put: async () => {} },
    asset: async () => new Response(null, { status: 404 }),
    log: () => {},
    now: clock.now,
    sleep: clock.sleep,
    settings: { origin: ORIGIN, allowedOrigins: ['https://app.test'], localMediaOrigins: [], localWebhookOrigins: [] },
    ...more,
  };
  return { deps, calls, woken, clock };
}

type Init = { method?: string; key?: string | null; headers?: Record<string, string>; body?: unknown; raw?: BodyInit };

/** An app on fakes, and a way to call it as a client would. */
export function fakeApp(answers: Answers = {}, more: Partial<Deps> = {}) {
  const fakes = fakeDeps(answers, more);
  const app = createApp(fakes.deps);
  const call = (path: string, { method, key = API_KEY, headers = {}, body, raw }: Init = {}) =>
    app.request(ORIGIN + path, {
      method: method ?? (body === undefined && raw === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== null && { 'x-api-key': key }),
        ...((body !== undefined || raw !== undefined) && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(raw !== undefined && { body: raw }),
    });
  return { ...fakes, app, call };
}

export const accepted = (more: Partial<JobRow> = {}, extra = {}) =>
  ok({ jobs: [jobRow(more)], lanes: ['fal:platform'], replayed: false, batch_id: null, ...extra });
