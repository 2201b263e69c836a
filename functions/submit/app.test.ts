import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS } from '../../shared/errors/codes.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import type { ReadLimit } from '../../shared/http/read-limit.ts';
import { ACCOUNT_ID, fakeApp, JOB_ID, jobRow } from './testing/fakes.ts';
import { VERSION } from './version.ts';

const limit = (more: Partial<ReadLimit> = {}): ReadLimit => ({
  allowed: true,
  limit: 600,
  remaining: 599,
  resetSeconds: 60,
  hot: false,
  ...more,
});

describe('reading a job', () => {
  test('now and then: the database, and no copy', async () => {
    const { call, calls } = fakeApp(
      { getJob: () => ok(jobRow()) },
      {
        readLimits: async () => limit(),
        snapshots: { get: () => Promise.reject(new Error('asked')), put: () => Promise.reject(new Error('asked')) },
      },
    );
    const response = await call(`/v1/jobs/${JOB_ID}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('ratelimit')).toBe('"reads";r=599;t=60');
    expect(response.headers.get('ratelimit-policy')).toBe('"reads";q=600;w=60');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(calls).toHaveLength(1);
  });

  test('again and again: a copy of the caller’s own, made by the first', async () => {
    const kept = new Map<string, ReturnType<typeof jobRow>>();
    const { call, calls } = fakeApp(
      { getJob: () => ok(jobRow()) },
      {
        readLimits: async () => limit({ hot: true, remaining: 3 }),
        snapshots: {
          get: async (subject, id) => kept.get(subject + id) ?? null,
          put: async (subject, row) => void kept.set(subject + row.id, row),
        },
      },
    );
    const bodies = [await call(`/v1/jobs/${JOB_ID}`), await call(`/v1/jobs/${JOB_ID}`)].map((response) =>
      response.json(),
    );
    expect(await bodies[1]).toEqual(await bodies[0]);
    expect(calls).toHaveLength(1);
  });

  test('too often: 429 before the database', async () => {
    const { call, calls } = fakeApp(
      {},
      { readLimits: async () => limit({ allowed: false, remaining: 0, resetSeconds: 17 }) },
    );
    const response = await call(`/v1/jobs/${JOB_ID}`);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('17');
    expect(response.headers.get('ratelimit')).toBe('"reads";r=0;t=17');
    expect(calls).toEqual([]);
  });

  test('writes are not counted here', async () => {
    const { call } = fakeApp(
      { cancelJob: () => ok({ job: jobRow() }) },
      { readLimits: () => Promise.reject(new Error('asked')) },
    );
    expect((await call(`/v1/jobs/${JOB_ID}/cancel`, { method: 'POST' })).status).toBe(200);
  });
});

describe('acting on a job', () => {
  test('cancel wakes the lanes that it frees, with or without a body', async () => {
    const { call, calls, woken } = fakeApp({
      cancelJob: () => ok({ job: jobRow({ status: 'canceled' }), lanes: ['fal:platform'], replayed: false }),
    });
    const responses = [
      await call(`/v1/jobs/${JOB_ID}/cancel`, { method: 'POST' }),
      await call(`/v1/jobs/${JOB_ID}/cancel`, { body: {}, headers: { 'idempotency-key': 'k' } }),
    ];
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    expect(woken).toEqual(['fal:platform', 'fal:platform']);
    expect(calls.map(({ args }) => args[2])).toEqual([
      { key: undefined, request_hash: expect.any(String) },
      { key: 'k', request_hash: expect.any(String) },
    ]);
  });

  test.each(['approve', 'reject'])('%s', async (decision) => {
    const { call, calls } = fakeApp({ reviewJob: () => refused('invalid_state', { status: 'completed' }) });
    const response = await call(`/v1/jobs/${JOB_ID}/${decision}`, { method: 'POST' });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'invalid_state', status: 409 });
    expect(calls[0]?.args.slice(1, 3)).toEqual([JOB_ID, decision]);
  });

  test('one key for two actions has two hashes', async () => {
    const { call, calls } = fakeApp({ reviewJob: () => ok({ job: jobRow() }) });
    for (const decision of ['approve', 'reject'])
      await call(`/v1/jobs/${JOB_ID}/${decision}`, { method: 'POST', headers: { 'idempotency-key': 'k' } });
    const [approve, reject] = calls.map(({ args }) => args[3] as { request_hash: string });
    expect(approve?.request_hash).not.toBe(reject?.request_hash);
  });

  test('delete answers 204', async () => {
    const { call } = fakeApp({ deleteJob: () => ok({}) });
    const response = await call(`/v1/jobs/${JOB_ID}`, { method: 'DELETE' });
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  test('a timeline is one list', async () => {
    const items = [{ at: '2026-11-21T12:00:00.000Z', type: 'accepted' }];
    const { call } = fakeApp({ jobTimeline: () => ok(items) });
    expect(await (await call(`/v1/jobs/${JOB_ID}/timeline`)).json()).toEqual({ data: items, next_cursor: null });
  });

  test('a list passes its filter on, instants in UTC', async () => {
    const { call, calls } = fakeApp({ listJobs: () => ok({ data: [jobRow()], next_cursor: JOB_ID }) });
    const response = await call(
      `/v1/jobs?status=completed&model=fal-ai/flux/dev&from=2026-11-21T14:00:00%2B02:00&limit=1&cursor=${JOB_ID}`,
    );
    expect(await response.json()).toMatchObject({ data: [{ id: JOB_ID, urls: {} }], next_cursor: JOB_ID });
    expect(calls[0]?.args[1]).toEqual({
      status: 'completed',
      model: 'flux-dev',
      from: '2026-11-21T12:00:00.000Z',
      limit: 1,
      cursor: JOB_ID,
    });
  });
});

describe('credits', () => {
  const grant = { account_id: ACCOUNT_ID, credits: 10, kind: 'promo', reason: 'welcome' };

  test('a grant, and its replay', async () => {
    const { call, calls } = fakeApp({
      grantCredits: () => ok({ id: 'gr_1', account_id: ACCOUNT_ID, credits: 10, replayed: true }),
    });
    const response = await call('/v1/credits/grants', { body: grant, headers: { 'idempotency-key': 'k' } });
    expect(response.status).toBe(201);
    expect(response.headers.get('idempotency-replayed')).toBe('true');
    expect(await response.json()).toEqual({ id: 'gr_1', account_id: ACCOUNT_ID, credits: 10 });
    expect(calls[0]?.args[1]).toEqual({ ...grant, idempotency_key: 'k', request_hash: expect.any(String) });
  });

  test('a refund is about the job in its path', async () => {
    const { call, calls } = fakeApp({ refundJob: () => ok({ job: jobRow(), replayed: false }) });
    await call(`/v1/jobs/${JOB_ID}/refund`, {
      body: { credits: 3, reason: 'sorry' },
      headers: { 'idempotency-key': 'k' },
    });
    expect(calls[0]?.args[1]).toMatchObject({ job_id: JOB_ID, credits: 3, reason: 'sorry', idempotency_key: 'k' });
  });

  test('balance and entries', async () => {
    const { call, calls } = fakeApp({
      credits: () => ok({ available: 1 }),
      creditEntries: () => ok({ data: [], next_cursor: null }),
    });
    expect((await call(`/v1/credits?account_id=${ACCOUNT_ID}`)).status).toBe(200);
    expect((await call('/v1/credits/entries?cursor=12.0')).status).toBe(200);
    expect(calls.map(({ args }) => args[1])).toEqual([ACCOUNT_ID, { limit: 50, cursor: '12.0' }]);
  });
});

describe('catalogue', () => {
  type Listed = { data: { id: string }[]; next_cursor: string | null };

  test('all models unless a limit is given, then page by page', async () => {
    const { call } = fakeApp();
    const all = (await (await call('/v1/models')).json()) as Listed;
    expect(all.data.length).toBeGreaterThan(10);
    expect(all).toMatchObject({ object: 'list', next_cursor: null });
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = (await (await call(`/v1/models?limit=7${cursor && `&cursor=${cursor}`}`)).json()) as Listed;
      paged.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all.data.map(({ id }) => id));
  });

  test('one model by any of its names', async () => {
    const { call } = fakeApp();
    for (const name of ['flux-dev', encodeURIComponent('fal-ai/flux/dev')]) {
      expect(await (await call(`/v1/models/${name}`)).json()).toMatchObject({
        id: 'flux-dev',
        object: 'model',
        input_schema: {},
      });
    }
    expect((await call('/v1/models/flux-99')).status).toBe(404);
  });

  test('providers with what the database knows of them', async () => {
    const fal = {
      provider: 'fal',
      available: true,
      uses: 3,
      successes: 2,
      failures: 1,
      mean_ms: 5,
      p95_ms: 9,
      last_used_at: null,
    };
    const { call } = fakeApp({ providerStats: () => ok([fal]) });
    const body = (await (await call('/v1/providers')).json()) as {
      data: { id: string }[];
      stats: { available: number };
    };
    expect(body.data.find(({ id }) => id === 'fal')).toMatchObject({
      available: true,
      uses: 3,
      p95_ms: 9,
      circuit: 'closed',
      models: expect.arrayContaining(['flux-dev']),
    });
    expect(body.stats.available).toBe(1);
  });
});

describe('service', () => {
  test('health asks nobody', async () => {
    const { call, calls } = fakeApp({}, { readLimits: () => Promise.reject(new Error('asked')) });
    const response = await call('/health', { key: null });
    expect(await response.json()).toEqual({ status: 'ok' });
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(calls).toEqual([]);
  });

  test('ready without Redis, not without the database', async () => {
    const oldest = { oldest_wakeup_seconds: null, oldest_delivery_seconds: 3, oldest_overdue_seconds: 0 };
    const facts = { migration: '20261121009100', ...oldest, clock: 'now' };
    const up = await fakeApp({ ready: () => ok(facts) }).call('/ready', { key: null });
    expect([up.status, await up.json()]).toEqual([
      200,
      { status: 'ready', version: VERSION, ...facts, dependencies: { database: 'ok', redis: 'down' } },
    ]);
    const down = await fakeApp({ ready: () => refused('unavailable') }).call('/ready', { key: null });
    expect(down.status).toBe(503);
  });

  test('the version is that of package.json', () => {
    expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(VERSION);
  });

  test('the reference is a page that loads nothing from elsewhere', async () => {
    const response = await fakeApp().call('/docs', { key: null });
    const page = await response.text();
    expect(page).toContain('/docs/standalone.js');
    expect(page.match(/(?:src|href)="(?!\/)/g)).toBeNull();
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  });

  test('the script of the reference is a static file', async () => {
    const asset = async (path: string) =>
      new Response(`// ${path}`, { headers: { 'content-type': 'application/octet-stream' } });
    const response = await fakeApp({}, { asset }).call('/docs/standalone.js', { key: null });
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await response.text()).toBe('// /docs/standalone.js');
    expect((await fakeApp().call('/docs/standalone.js', { key: null })).status).toBe(404);
  });

  test('every error has its place on the page that problems link to', async () => {
    const page = await (await fakeApp().call('/docs/errors', { key: null })).text();
    for (const code of Object.keys(ERRORS)) expect(page).toContain(`<section id="${code}">`);
  });

  test('what goes wrong unexpectedly is one fixed sentence', async () => {
    const broken = () => {
      throw new Error('secret detail');
    };
    const response = await fakeApp({ getJob: broken }).call(`/v1/jobs/${JOB_ID}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret detail');
  });
});

describe('CORS', () => {
  const origin = 'https://app.test';

  test('for the origins that are allowed, on errors too', async () => {
    const { call } = fakeApp();
    const preflight = await call('/v1/jobs', {
      method: 'OPTIONS',
      key: null,
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'idempotency-key' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    const refusal = await call('/v1/jobs', { key: null, headers: { origin } });
    expect(refusal.status).toBe(401);
    expect(refusal.headers.get('access-control-allow-origin')).toBe(origin);
    expect(refusal.headers.get('access-control-expose-headers')).toContain('x-request-id');
  });

  test('every answer says, once, that the origin counts, whether or not there was one', async () => {
    for (const headers of [undefined, { origin: 'https://evil.test' }]) {
      for (const path of ['/health', '/nothing', '/v1/jobs']) {
        expect((await fakeApp().call(path, { key: null, headers })).headers.get('vary')).toBe('Origin');
      }
    }
  });

  test.each(['https://evil.test', 'https://app.test.evil.test', 'null'])('not for %s', async (stranger) => {
    const response = await fakeApp().call('/health', { headers: { origin: stranger } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});
