import { describe, expect, test } from 'vitest';
import { ok, refused } from '../../shared/errors/result.ts';
import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';
import { dueDelivery, fakeDatabase, fakeDeps, json, NOW, SIGNING_SECRET, serve } from './testing/fakes.ts';

const body = { attempt_id: 'att_1', event: 'succeeded', fence: 3 };
type Signing = { id?: string; seconds?: number; text?: string; secret?: string };

async function signed({
  id = 'cb_att_1_succeeded',
  seconds = 0,
  text = JSON.stringify(body),
  secret = SIGNING_SECRET,
}: Signing = {}) {
  const headers = await signedHeaders({ id, timestamp: NOW / 1000 + seconds, body: text, secret });
  return { method: 'POST', body: text, headers };
}

test('applies a verdict once, wakes its lanes and sends what became due', async () => {
  const db = fakeDatabase({
    applyCallback: async () => ok({ result: 'applied', lanes: ['fal:platform'] }),
    dueDeliveries: async () => ok([dueDelivery()]),
  });
  const deps = fakeDeps({ db });
  const { request, afterwards } = serve(deps);
  const response = await request('/internal/callbacks', await signed());
  expect([response.status, await json(response)]).toEqual([200, { result: 'applied' }]);
  expect(db.applyCallback).toHaveBeenCalledExactlyOnceWith('cb_att_1_succeeded', 'att_1', 'succeeded', 3);
  await afterwards();
  expect(deps.wake).toHaveBeenCalledWith(['fal:platform']);
  expect(db.recordDelivery).toHaveBeenCalledOnce();
});

test('the same message again is 200 and says so', async () => {
  const db = fakeDatabase({ applyCallback: async () => ok({ result: 'duplicate', lanes: [] }) });
  const response = await serve(fakeDeps({ db })).request('/internal/callbacks', await signed());
  expect([response.status, await json(response)]).toEqual([200, { result: 'duplicate' }]);
});

test('bodies are compared as values: order and white space mean nothing', async () => {
  const db = fakeDatabase();
  const text = '{ "fence": 3, "event": "succeeded",\n"attempt_id": "att_1" }';
  expect((await serve(fakeDeps({ db })).request('/internal/callbacks', await signed({ text }))).status).toBe(200);
  expect(db.applyCallback).toHaveBeenCalledExactlyOnceWith('cb_att_1_succeeded', 'att_1', 'succeeded', 3);
});

test.each([
  [-121, 401],
  [-119, 200],
  [119, 200],
  [121, 401],
])('signed %i seconds from now: %i', async (seconds, status) => {
  const db = fakeDatabase();
  expect((await serve(fakeDeps({ db })).request('/internal/callbacks', await signed({ seconds }))).status).toBe(status);
  expect(db.applyCallback).toHaveBeenCalledTimes(status === 200 ? 1 : 0);
});

describe('401, and the database is not asked, for', () => {
  const cases: [string, () => Promise<RequestInit>][] = [
    ['nothing signed', async () => ({ method: 'POST', body: JSON.stringify(body) })],
    ['a body that was swapped', async () => ({ ...(await signed()), body: JSON.stringify({ ...body, fence: 4 }) })],
    [
      'an id that was swapped',
      async () => ({
        ...(await signed()),
        headers: { ...(await signed()).headers, 'webhook-id': 'cb_att_2_succeeded' },
      }),
    ],
    ['another secret', () => signed({ secret: `whsec_${btoa('x'.repeat(32))}` })],
    ['a GET', async () => ({})],
  ];
  test.each(cases)('%s', async (_name, init) => {
    const db = fakeDatabase();
    const { request } = serve(fakeDeps({ db }));
    for (const path of ['/internal/callbacks', '/internal/callbacks/sweep', '/internal/unknown']) {
      const response = await request(path, await init());
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    }
    expect(db.applyCallback).not.toHaveBeenCalled();
    expect(db.sweep).not.toHaveBeenCalled();
  });
});

test.each([
  ['cb_att_2_succeeded', 409],
  ['cb_att_1_failed', 409],
  ['evt_1', 409],
])('a body under the id %s, signed well: %i', async (id, status) => {
  const db = fakeDatabase();
  expect((await serve(fakeDeps({ db })).request('/internal/callbacks', await signed({ id }))).status).toBe(status);
  expect(db.applyCallback).not.toHaveBeenCalled();
});

test.each([
  ['{"attempt_id":"att_1","event":"succeeded"}', 422],
  ['{"attempt_id":"att_1","event":"succeeded","fence":3,"outputs":[]}', 422],
  ['{"attempt_id":"att_1","event":"won","fence":3}', 422],
  ['{"attempt_id":"att_1","event":"succeeded","fence":"3"}', 422],
  ['{"attempt_id":"att_1","event":"succeeded","fence":3.5}', 422],
  ['{"attempt_id":"att_1","attempt_id":"att_2","event":"succeeded","fence":3}', 400],
  ['[]', 422],
  ['', 400],
])('a signed body %s: %i', async (text, status) => {
  const db = fakeDatabase();
  expect((await serve(fakeDeps({ db })).request('/internal/callbacks', await signed({ text }))).status).toBe(status);
  expect(db.applyCallback).not.toHaveBeenCalled();
});

test.each([
  ['not_found', 404],
  ['conflict', 409],
  ['unavailable', 503],
] as const)('the database says %s: %i', async (code, status) => {
  const db = fakeDatabase({ applyCallback: async () => refused(code) });
  const response = await serve(fakeDeps({ db })).request('/internal/callbacks', await signed());
  expect([response.status, (await json(response)).code]).toEqual([status, code]);
});

describe('sweep', () => {
  const sweep = async () => signed({ id: 'sweep_1', text: '{}' });

  test('settles, wakes, delivers, and counts', async () => {
    const db = fakeDatabase({
      sweep: async () => ok({ expired: 1, applied: 2, concluded: 3, lanes: ['a', 'b'] }),
      dueDeliveries: async () => ok([dueDelivery(), dueDelivery({ id: `evt_${'1'.repeat(32)}` })]),
    });
    const deps = fakeDeps({ db });
    const response = await serve(deps).request('/internal/callbacks/sweep', await sweep());
    expect(await json(response)).toEqual({ expired: 1, applied: 2, concluded: 3, delivered: 2 });
    expect(deps.wake).toHaveBeenCalledWith(['a', 'b']);
  });

  test('delivers although settling failed, and says that it failed', async () => {
    const db = fakeDatabase({
      sweep: async () => refused('unavailable'),
      dueDeliveries: async () => ok([dueDelivery()]),
    });
    expect((await serve(fakeDeps({ db })).request('/internal/callbacks/sweep', await sweep())).status).toBe(503);
    expect(db.recordDelivery).toHaveBeenCalledOnce();
  });
});
