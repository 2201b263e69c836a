import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, waitFor } from './client.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import { callName, databaseRole } from './upstream.ts';

const SERVICES = ['supabase', 'qstash', 'redis'] as const;
type Service = (typeof SERVICES)[number];

let stack: OwnStack<Service>;

beforeAll(async () => {
  stack = await startOwnStack({ seams: SERVICES });
});

afterAll(() => stack.end());

const job = (more: object = {}) => ({ model: 'flux-dev', input: { prompt: 'a lighthouse' }, ...more });

/** No key takes work, so that everything upstream is the accept path's own; or all do again. */
const setSlots = (slots: number) =>
  stack.pool().query('update darkroom.provider_api_keys set max_concurrency = $1', [slots]);

/** Wake-ups are published beside the answer: they may still be on their way when it is here. */
const AFTERWARDS_MS = 250;

/** What the Worker `submit` asked of others because of a request, in order. */
async function traced(call: () => Promise<Answer>) {
  const begin = performance.now();
  const answer = await call();
  await sleep(AFTERWARDS_MS);
  const end = performance.now();
  const calls = SERVICES.flatMap((service) => stack.seams[service].seen.map((seen) => ({ service, seen })))
    .filter(({ seen }) => seen.at >= begin && seen.at <= end)
    .filter(({ service, seen }) => service !== 'supabase' || ['submit', undefined].includes(databaseRole(seen)))
    .toSorted((a, b) => a.seen.at - b.seen.at);
  return { answer, upstream: calls.map(({ service, seen }) => (service === 'redis' ? 'redis' : callName(seen))) };
}

test('accepting takes one SQL function and one publish, in this order', async () => {
  await setSlots(0);
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  const { answer, upstream } = await traced(() => stack.api('/v1/jobs', { key, body: job() }));
  expect(answer.status).toBe(202);
  expect(upstream).toEqual(['accept', 'publish']);
});

test('also for a user’s token, once the public keys are known', async () => {
  const bearer = stack.stack().user.access_token;
  const first = await traced(() => stack.api('/v1/jobs', { bearer, body: job() }));
  expect(first.upstream.filter((name) => name !== 'jwks.json')).toEqual(['accept', 'publish']);
  const second = await traced(() => stack.api('/v1/jobs', { bearer, body: job() }));
  expect(second.answer.status).toBe(202);
  expect(second.upstream).toEqual(['accept', 'publish']);
});

test('a batch too: one SQL function, then one publish a lane', async () => {
  const { api_key: key } = await stack.makeAccount({ credits: 10_000 });
  const jobs = [job(), job(), job({ model: 'fal-ai/flux/dev' }), job({ model: 'fal-ai/flux/dev' })];
  const { answer, upstream } = await traced(() => stack.api('/v1/batches', { key, body: { jobs } }));
  expect(answer.status).toBe(202);
  expect(upstream).toEqual(['accept', 'publish', 'publish']);
});

test('a refusal and a replay publish nothing; bad input asks nobody', async () => {
  const { api_key: key } = await stack.makeAccount();
  const poor = await traced(() => stack.api('/v1/jobs', { key, body: job() }));
  expect([poor.answer.status, poor.upstream]).toEqual([402, ['accept']]);
  const bad = await traced(() => stack.api('/v1/jobs', { key, body: job({ count: 0 }) }));
  expect([bad.answer.status, bad.upstream]).toEqual([422, []]);
  const { api_key: rich } = await stack.makeAccount({ credits: 1000 });
  const once = { key: rich, body: job(), headers: { 'idempotency-key': 'once' } };
  await traced(() => stack.api('/v1/jobs', once));
  const replay = await traced(() => stack.api('/v1/jobs', once));
  expect([replay.answer.headers.get('idempotency-replayed'), replay.upstream]).toEqual(['true', ['accept']]);
});

test('with QStash down the answer is 202 all the same, and the sweep sees to the job', async () => {
  await setSlots(20);
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  stack.seams.qstash.treat(({ path }) => (path.startsWith('/v2/publish') ? 'cut' : 'pass'));
  const { answer, upstream } = await traced(() => stack.api('/v1/jobs', { key, body: job() }));
  expect([answer.status, answer.body.status, upstream]).toEqual([202, 'queued', ['accept', 'publish']]);
  stack.seams.qstash.treat(() => 'pass');
  expect(await stack.untilEnded(answer.body.id, { key })).toMatchObject({ status: 'completed' });
});

test('a QStash that does not answer holds nobody up', async () => {
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  stack.seams.qstash.treat(({ path }) => (path.startsWith('/v2/publish') ? 'held' : 'pass'));
  const begin = performance.now();
  const { status, body } = await stack.api('/v1/jobs', { key, body: job() });
  expect(status).toBe(202);
  // Publishing is given up after two seconds.
  expect(performance.now() - begin).toBeLessThan(1500);
  stack.seams.qstash.treat(() => 'pass');
  expect(await stack.untilEnded(body.id, { key })).toMatchObject({ status: 'completed' });
});

test.each(['cut', 'held'] as const)('with Redis %s reads and jobs go on', async (how) => {
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  stack.seams.redis.treat(() => how);
  const { body } = await stack.api('/v1/jobs', { key, body: job() });
  expect(await stack.untilEnded(body.id, { key })).toMatchObject({ status: 'completed' });
  for (const path of ['/v1/jobs', '/v1/credits', '/v1/models', `/v1/jobs/${body.id}/timeline`]) {
    const { status, headers } = await stack.api(path, { key });
    expect([path, status, headers.get('ratelimit')]).toEqual([path, 200, null]);
  }
  const { status, body: ready } = await stack.api('/ready', { key: null });
  expect([status, ready.dependencies]).toEqual([200, { database: 'ok', redis: 'down' }]);
  stack.seams.redis.treat(() => 'pass');
  await waitFor(async () => (await stack.api('/v1/credits', { key })).headers.has('ratelimit'));
});

test('with the database down everything is 503 and says when to come back', async () => {
  const { api_key: key } = await stack.makeAccount({ credits: 1000 });
  stack.seams.supabase.treat((seen) => (databaseRole(seen) === 'submit' ? 'cut' : 'pass'));
  for (const request of [{ key, body: job() }, { key }]) {
    const { status, headers, body } = await stack.api('/v1/jobs', request);
    expect([status, body.code, Number(headers.get('retry-after')) > 0]).toEqual([503, 'unavailable', true]);
  }
  expect((await stack.api('/ready', { key: null })).status).toBe(503);
  expect((await stack.api('/health', { key: null })).status).toBe(200);
  stack.seams.supabase.treat(() => 'pass');
});
