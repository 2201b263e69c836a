import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { ok } from '../../shared/errors/result.ts';
import { sha256, toBase64Url } from '../../shared/signatures/bytes.ts';
import { claimed, down, fakeDatabase, fakeWorker, NOW, ORIGIN, QSTASH, work } from './testing/fakes.ts';

const LANE = 'acme:platform';
type Signing = { body?: string; key?: string; sub?: string; iat?: number };

async function wakeUp({
  body = JSON.stringify({ lane: LANE }),
  key = QSTASH.currentKey,
  sub = `${ORIGIN}/internal/wake`,
  iat = NOW / 1000,
}: Signing = {}) {
  const jwt = await new SignJWT({ body: toBase64Url(await sha256(body)) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('Upstash')
    .setSubject(sub)
    .setJti('jwt_1')
    .setNotBefore(iat)
    .setExpirationTime(iat + 300)
    .sign(new TextEncoder().encode(key));
  return { method: 'POST', body, headers: { 'upstash-signature': jwt, 'content-type': 'application/json' } };
}

const claiming = (answer: Partial<Parameters<typeof ok>[0] & object>) =>
  fakeDatabase({ claim: async () => ok({ attempts: [], ended: [], cancels: [], lanes: [], ...answer }) });

test('claims a handful, hands the lane on, and answers when all is recorded', async () => {
  const attempts = ['att_1', 'att_2', 'att_3'].map((attempt_id) => claimed({ attempt_id }));
  const db = claiming({ attempts, lanes: [LANE] });
  const { app, deps, provider } = fakeWorker({}, { db });
  const response = await app.request('/internal/wake', await wakeUp());
  expect([response.status, await response.json()]).toEqual([200, { attempts: 3 }]);
  expect(db.claim).toHaveBeenCalledExactlyOnceWith(LANE, 5);
  expect(provider.start).toHaveBeenCalledTimes(3);
  expect(db.recordSubmission).toHaveBeenCalledTimes(3);
  expect(deps.wake).toHaveBeenCalledExactlyOnceWith([LANE]);
});

test('the lane is handed on before a slow provider is waited for', async () => {
  const db = claiming({ attempts: [claimed()], lanes: [LANE] });
  const { app, deps, provider } = fakeWorker({}, { db });
  provider.start.mockImplementation(async () => {
    expect(deps.wake).toHaveBeenCalledOnce();
    return { status: 'ambiguous', message: 'm' };
  });
  expect((await app.request('/internal/wake', await wakeUp())).status).toBe(200);
});

test('what failed in the claim is announced, what was canceled is canceled', async () => {
  const db = claiming({
    ended: [{ attempt_id: 'att_8', event: 'failed', fence: 2 }],
    cancels: [work({ attempt_id: 'att_9', cancel_requested: true })],
  });
  const { app, deps, provider } = fakeWorker({}, { db });
  expect((await app.request('/internal/wake', await wakeUp())).status).toBe(200);
  expect(deps.post).toHaveBeenCalledExactlyOnceWith('/internal/callbacks', {
    id: 'cb_att_8_failed',
    body: { attempt_id: 'att_8', event: 'failed', fence: 2 },
  });
  expect(provider.cancel).toHaveBeenCalledOnce();
  expect(provider.start).not.toHaveBeenCalled();
});

test('one attempt that cannot be recorded makes the answer an error, and the others are done all the same', async () => {
  const db = claiming({ attempts: [claimed({ attempt_id: 'att_1' }), claimed({ attempt_id: 'att_2' })] });
  db.recordSubmission.mockImplementation(async (id) =>
    id === 'att_1' ? down() : ok({ recorded: true, cancel_requested: false }),
  );
  const { app, provider } = fakeWorker({}, { db });
  expect((await app.request('/internal/wake', await wakeUp())).status).toBe(503);
  expect(provider.start).toHaveBeenCalledTimes(2);
});

test('the next key of the queue counts too', async () => {
  const { app } = fakeWorker();
  expect((await app.request('/internal/wake', await wakeUp({ key: QSTASH.nextKey }))).status).toBe(200);
});

describe('401, and nothing is claimed, for', () => {
  const cases: [string, () => Promise<RequestInit>][] = [
    ['nothing signed', async () => ({ method: 'POST', body: JSON.stringify({ lane: LANE }) })],
    ['another key', () => wakeUp({ key: 'sig_somebody_else_012' })],
    ['another address', () => wakeUp({ sub: `${ORIGIN}/internal/wake/` })],
    ['another host', () => wakeUp({ sub: 'https://evil.test/internal/wake' })],
    ['another body', async () => ({ ...(await wakeUp()), body: JSON.stringify({ lane: 'other' }) })],
    ['one of yesterday', () => wakeUp({ iat: NOW / 1000 - 86_400 })],
    ['one of tomorrow', () => wakeUp({ iat: NOW / 1000 + 86_400 })],
    ['a body beyond the limit', () => wakeUp({ body: JSON.stringify({ lane: 'x'.repeat(5_000) }) })],
    ['a GET', async () => ({})],
  ];
  test.each(cases)('%s', async (_name, init) => {
    const { app, db } = fakeWorker();
    const response = await app.request('/internal/wake', await init());
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(db.claim).not.toHaveBeenCalled();
  });
});

test.each(['{}', '{"lane":""}', '{"lane":1}', '{"lane":"a","job":"b"}'])('a signed %s is 422', async (body) => {
  const { app, db } = fakeWorker();
  expect((await app.request('/internal/wake', await wakeUp({ body }))).status).toBe(422);
  expect(db.claim).not.toHaveBeenCalled();
});
