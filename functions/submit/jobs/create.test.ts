import { describe, expect, test } from 'vitest';
import type { Job } from '../../../shared/contract/job.ts';
import type { JobRow } from '../../../shared/db/rows.ts';
import type { AcceptRequest } from '../../../shared/db/submit.ts';
import { ok, refused } from '../../../shared/errors/result.ts';
import { accepted, fakeApp, JOB_ID, jobRow, ORIGIN } from '../testing/fakes.ts';

const job = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };

test('202: one call to the database, then the lanes are woken', async () => {
  const { call, calls, woken } = fakeApp({ accept: () => accepted() });
  const response = await call('/v1/jobs', { body: job, headers: { 'idempotency-key': 'k 1' } });
  expect(response.status).toBe(202);
  expect(response.headers.get('location')).toBe(`${ORIGIN}/v1/jobs/${JOB_ID}`);
  expect(response.headers.has('idempotency-replayed')).toBe(false);
  expect(calls.map(({ fn }) => fn)).toEqual(['accept']);
  expect(woken).toEqual(['fal:platform']);
  const [credential, request] = (calls[0]?.args ?? []) as [object, AcceptRequest];
  expect(credential).toEqual({ kind: 'api_key', hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(request).toMatchObject({ idempotency_key: 'k 1', batch: false, jobs: [{ model: 'flux-dev' }] });
});

test('addresses are absolute, the events token is in its address and nowhere else', async () => {
  const { call } = fakeApp({ accept: () => accepted() });
  const body = (await (await call('/v1/jobs', { body: job })).json()) as Job;
  const self = `${ORIGIN}/v1/jobs/${JOB_ID}`;
  expect(body.urls).toEqual({
    self,
    cancel: `${self}/cancel`,
    events: `${self}/events?token=t0ken`,
    timeline: `${self}/timeline`,
  });
  expect(JSON.stringify({ ...body, urls: null })).not.toContain('t0ken');
});

test('a replay says so, and wakes nobody', async () => {
  const { call, woken } = fakeApp({ accept: () => accepted({ status: 'completed' }, { replayed: true, lanes: [] }) });
  const response = await call('/v1/jobs', { body: job, headers: { 'idempotency-key': 'k' } });
  expect(response.status).toBe(202);
  expect(response.headers.get('idempotency-replayed')).toBe('true');
  expect(woken).toEqual([]);
});

test('a refusal that was stored says that it is a replay', async () => {
  const { call } = fakeApp({
    accept: () => refused('insufficient_credits', { available: 1, required: 30, replayed: true }),
  });
  const response = await call('/v1/jobs', { body: job, headers: { 'idempotency-key': 'k' } });
  expect(response.status).toBe(402);
  expect(response.headers.get('idempotency-replayed')).toBe('true');
  expect(await response.json()).toMatchObject({
    code: 'insufficient_credits',
    available: 1,
    required: 30,
    detail: expect.stringContaining('new key'),
  });
});

describe('refusals of the database become problems', () => {
  test.each([
    ['unauthenticated', 401],
    ['insufficient_credits', 402],
    ['spend_cap_reached', 402],
    ['forbidden', 403],
    ['not_found', 404],
    ['idempotency_in_flight', 409],
    ['quote_expired', 409],
    ['idempotency_mismatch', 422],
    ['quote_mismatch', 422],
    ['provider_key_missing', 422],
    ['rate_limited', 429],
    ['limit_reached', 429],
    ['internal_error', 500],
    ['unavailable', 503],
  ] as const)('%s → %i', async (code, status) => {
    const { call, woken } = fakeApp({ accept: () => refused(code, { retry_after: 7 }) });
    const response = await call('/v1/jobs', { body: job });
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe([429, 503].includes(status) ? '7' : null);
    expect(await response.json()).toMatchObject({ code, status });
    expect(woken).toEqual([]);
  });
});

describe('Prefer: wait', () => {
  const waiting = (states: Partial<JobRow>[], prefer: string) => {
    let reads = 0;
    const app = fakeApp({
      accept: () => accepted(),
      getJob: () => ok(jobRow(states[Math.min(reads++, states.length - 1)])),
    });
    return { ...app, response: app.call('/v1/jobs', { body: job, headers: { prefer } }) };
  };

  test('200 as soon as the job has ended, asking with growing pauses', async () => {
    const { response, clock } = waiting(
      [{ status: 'processing' }, { status: 'processing' }, { status: 'completed' }],
      'wait=30',
    );
    expect((await response).status).toBe(200);
    expect((await response).headers.get('preference-applied')).toBe('wait=30');
    expect(clock.naps).toHaveLength(3);
    expect(clock.naps).toEqual([...clock.naps].sort((a, b) => a - b));
  });

  test('200 for a held preview, with the addresses to review it', async () => {
    const { response } = waiting([{ status: 'preview_ready', preview: 'hold' }], 'wait=30');
    expect((await response).status).toBe(200);
    expect(((await (await response).json()) as Job).urls).toHaveProperty('approve');
  });

  test('202 when the time is over, and never later than asked', async () => {
    const { response, clock } = waiting([{ status: 'processing' }], 'wait=5');
    expect((await response).status).toBe(202);
    expect(clock.naps.reduce((sum, ms) => sum + ms, 0)).toBe(5_000);
  });

  test('a read that fails is asked again', async () => {
    let reads = 0;
    const getJob = () =>
      reads++ < 2 ? refused('unavailable', { ambiguous: false }) : ok(jobRow({ status: 'failed' }));
    const { call } = fakeApp({ accept: () => accepted(), getJob });
    expect((await call('/v1/jobs', { body: job, headers: { prefer: 'wait=10' } })).status).toBe(200);
  });
});

test('a wake-up that cannot be published does not matter', async () => {
  const { call } = fakeApp({ accept: () => accepted() }, { wake: async () => {} });
  expect((await call('/v1/jobs', { body: job })).status).toBe(202);
});

test('a batch goes to the database as one', async () => {
  const batch = ok({
    jobs: [jobRow(), jobRow()],
    lanes: ['a', 'b'],
    replayed: false,
    batch_id: `bat_${'0'.repeat(32)}`,
  });
  const { call, calls, woken } = fakeApp({ accept: () => batch });
  const response = await call('/v1/batches', { body: { jobs: [job, { ...job, count: 2 }] } });
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ id: `bat_${'0'.repeat(32)}`, jobs: [{ id: JOB_ID }, { id: JOB_ID }] });
  expect(calls).toHaveLength(1);
  expect(calls[0]?.args[1]).toMatchObject({ batch: true, jobs: [{ count: 1 }, { count: 2 }] });
  expect(woken).toEqual(['a', 'b']);
});

test('a quote and the job that spends it have the same hash', async () => {
  const quote = ok({
    id: `qt_${'0'.repeat(32)}`,
    credits: 60,
    credits_max: 60,
    provider: 'fal',
    model: 'fal-ai/flux/dev',
    credential: 'environment',
    balance_after: 1,
    alternatives: [],
    expires_at: '2026-11-21T12:15:00.000Z',
    replayed: false,
  });
  const { call, calls } = fakeApp({ quote: () => quote, accept: () => accepted() });
  const response = await call('/v1/quotes', { body: { ...job, count: 2 } });
  const body = (await response.json()) as Record<string, unknown>;
  expect(response.status).toBe(200);
  expect(body).toMatchObject({ credits: 60, display_name: 'FLUX.1 Dev', formula: expect.stringContaining('2 ×') });
  expect(body).not.toHaveProperty('replayed');
  await call('/v1/jobs', { body: { ...job, count: 2, quote_id: `qt_${'0'.repeat(32)}` } });
  const [quoted, spent] = calls.map(({ args }) => args[1] as AcceptRequest);
  expect(quoted?.request_hash).toBe(spent?.request_hash);
  expect(spent?.quote_id).toBe(`qt_${'0'.repeat(32)}`);
});
