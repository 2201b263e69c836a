import { expect, test } from 'vitest';
import { mintSecret, sha256Hex } from '../../shared/auth/secrets.ts';
import type { DeliveryRow } from '../../shared/db/callback.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import { deriveWebhookSecret } from '../../shared/signatures/derive.ts';
import { dueDelivery, fakeDatabase, fakeDeps, json, serve, WEBHOOK_MASTER } from './testing/fakes.ts';

const KEY = mintSecret('api_key');
const headers = { 'x-api-key': KEY };
const credential = { kind: 'api_key', hash: await sha256Hex(KEY) };
const ID = `evt_${'0'.repeat(32)}`;
const row: DeliveryRow = {
  id: ID,
  event: 'job.completed',
  job_id: 'job_1',
  endpoint: null,
  status: 'delivered',
  attempts: [],
};

test('the default secret is the one that messages are signed with', async () => {
  const db = fakeDatabase({ defaultWebhook: async () => ok({ account_id: 'acct_7', secret_version: 2 }) });
  const response = await serve(fakeDeps({ db })).request('/v1/webhooks/default/secret', { headers });
  expect(await json(response)).toEqual({
    key: await deriveWebhookSecret({ master: WEBHOOK_MASTER, accountId: 'acct_7', version: 2 }),
  });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(db.defaultWebhook).toHaveBeenCalledWith(credential);
});

test.each([
  ['GET', '/v1/webhooks/default/secret'],
  ['GET', '/v1/webhook-deliveries'],
  ['GET', `/v1/webhook-deliveries/${ID}`],
  ['POST', `/v1/webhook-deliveries/${ID}/replay`],
])('%s %s needs a credential', async (method, path) => {
  const response = await serve(fakeDeps()).request(path, { method });
  expect([response.status, (await json(response)).code]).toEqual([401, 'unauthenticated']);
});

test('lists with filters, and names those that it does not know', async () => {
  const db = fakeDatabase();
  const { request } = serve(fakeDeps({ db }));
  expect((await request('/v1/webhook-deliveries?status=delivered&limit=5', { headers })).status).toBe(200);
  expect(db.listDeliveries).toHaveBeenCalledExactlyOnceWith(credential, { status: 'delivered', limit: 5 });
  const refusedRequest = await request('/v1/webhook-deliveries?state=delivered&limit=0', { headers });
  expect(refusedRequest.status).toBe(422);
  expect((await json(refusedRequest)).errors.map((error: { path: string }) => error.path).toSorted()).toEqual([
    'limit',
    'state',
  ]);
});

test('one delivery shows the message as it was sent, without the stream token of the row', async () => {
  const db = fakeDatabase({ getDelivery: async () => ok({ ...row, body: dueDelivery().body }) });
  const response = await serve(fakeDeps({ db })).request(`/v1/webhook-deliveries/${ID}`, { headers });
  const { body } = await json(response);
  expect(body).toMatchObject({ type: 'job.completed', data: { id: 'job_1', urls: {} } });
  expect(body.data).not.toHaveProperty('events_token');
});

test.each(['evt_1', 'evt_..', `job_${'0'.repeat(32)}`])('%s is nobody’s', async (id) => {
  const db = fakeDatabase();
  expect((await serve(fakeDeps({ db })).request(`/v1/webhook-deliveries/${id}`, { headers })).status).toBe(404);
  expect(db.getDelivery).not.toHaveBeenCalled();
});

test('a replay sends the message again at once', async () => {
  const db = fakeDatabase({
    replayDelivery: async () => ok({ ...row, status: 'pending', replayed: false }),
    dueDeliveries: async () => ok([dueDelivery({ attempt: 2 })]),
  });
  const { request, afterwards } = serve(fakeDeps({ db }));
  const response = await request(`/v1/webhook-deliveries/${ID}/replay`, { method: 'POST', headers });
  expect([response.status, (await json(response)).status]).toEqual([202, 'pending']);
  await afterwards();
  expect(db.recordDelivery).toHaveBeenCalledWith(ID, 2, expect.objectContaining({ http_status: 200 }));
});

test('somebody else’s delivery is not there', async () => {
  const db = fakeDatabase({ replayDelivery: async () => refused('not_found') });
  const response = await serve(fakeDeps({ db })).request(`/v1/webhook-deliveries/${ID}/replay`, {
    method: 'POST',
    headers,
  });
  expect(response.status).toBe(404);
});
