import { describe, expect, test, vi } from 'vitest';
import { ok, refused } from '../../shared/errors/result.ts';
import type { HookResult } from '../../shared/providers/types.ts';
import { down, fakeDatabase, fakeWorker, storedAs, succeeded, verdictIn, work } from './testing/fakes.ts';
import { call, pathOf, untouched } from './testing/hook-calls.ts';

test('a signed success is stored, recorded and announced, in this order', async () => {
  const order: string[] = [];
  const store = vi.fn(async ({ publicId }: { publicId: string }) => {
    order.push('store');
    return storedAs(publicId);
  });
  const post = vi.fn(async () => {
    order.push('post');
    return { status: 200 };
  });
  const fake = fakeWorker({}, { store, post });
  fake.db.recordVerdict.mockImplementation(async (attempt_id, fence, { event }) => {
    order.push('record');
    return ok({ attempt_id, fence, event, recorded: true, lanes: ['acme:platform'] });
  });
  const response = await call(fake);
  expect([response.status, await response.json()]).toEqual([200, { result: 'recorded' }]);
  expect(order).toEqual(['store', 'record', 'post']);
  expect(verdictIn(fake.db)).toEqual({
    event: 'succeeded',
    cost_usd: undefined,
    outputs: [
      {
        n: 1,
        kind: 'image',
        url: 'https://assets.test/user_acct_1/job_1/final/att_1-1',
        public_id: 'user_acct_1/job_1/final/att_1-1',
        content_type: 'image/png',
        bytes: 10,
        width: undefined,
        height: undefined,
      },
    ],
  });
  expect(post).toHaveBeenCalledExactlyOnceWith('/internal/callbacks', {
    id: 'cb_att_1_succeeded',
    body: { attempt_id: 'att_1', event: 'succeeded', fence: 3 },
  });
  expect(fake.deps.wake).toHaveBeenCalledWith(['acme:platform']);
  expect(fake.provider.status).not.toHaveBeenCalled();
});

describe('401 problem+json, and the database saw nothing, for', () => {
  const swap = async (from: RegExp, to: string) => (await pathOf()).replace(from, to);
  const cases: [string, () => Promise<{ path?: string; init?: RequestInit }>][] = [
    ['a token of another attempt', async () => ({ path: await swap(/att_1/, 'att_2') })],
    ['a token whose last digit is another', async () => ({ path: await swap(/.(?=\?)/, '_') })],
    ['a token of another key', async () => ({ path: await swap(/key_1/, 'key_2') })],
    ['a token of another version', async () => ({ path: await swap(/\.1\./, '.2.') })],
    ['no token', async () => ({ path: '/hooks/acme/att_1' })],
    ['an empty token', async () => ({ path: '/hooks/acme/att_1/..' })],
    ['no fence', async () => ({ path: await swap(/\?.*/, '') })],
    ['an unknown provider', async () => ({ path: await swap(/acme/, 'evil') })],
    ['a wrong signature', async () => ({ init: { headers: { 'x-sign': 'bad' } } })],
    ['no signature', async () => ({ init: { headers: {} } })],
    ['a GET', async () => ({ init: { method: 'GET', body: null } })],
    ['anything else below /hooks', async () => ({ path: '/hooks/x' })],
  ];
  test.each(cases)('%s', async (_name, make) => {
    const fake = fakeWorker();
    const { path, init } = await make();
    const response = await call(fake, init, path);
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    untouched(fake);
  });

  test.each(['stale', 'headers', 'body', 'request_id', 'secret'] as const)(
    'what the vendor’s scheme calls %s',
    async (reason) => {
      const fake = fakeWorker({ hook: { ok: false, reason } });
      expect((await call(fake)).status).toBe(401);
      untouched(fake);
    },
  );

  test('an attempt whose key cannot be opened under this fence', async () => {
    const fake = fakeWorker({}, { keys: { open: async () => ({ missing: 'no such attempt is running' }) } });
    fake.provider.verifyHook.mockImplementation(async ({ secrets }) =>
      secrets?.length ? { ok: true, requestId: 'req-1', outcome: succeeded() } : { ok: false, reason: 'secret' },
    );
    expect((await call(fake)).status).toBe(401);
    untouched(fake);
  });
});

test('a token is checked before the key is asked for or the body is read', async () => {
  const fake = fakeWorker();
  await call(fake, { body: 'x'.repeat(2_000_000) }, (await pathOf()).replace('att_1', 'att_2'));
  expect(fake.deps.keys.open).not.toHaveBeenCalled();
  expect(fake.provider.verifyHook).not.toHaveBeenCalled();
});

test('a body beyond a megabyte is 413', async () => {
  const fake = fakeWorker();
  expect((await call(fake, { body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413);
  untouched(fake);
});

test('what is needed to verify but cannot be had now is 503, and nothing is written', async () => {
  const vault = fakeWorker({}, { keys: { open: () => Promise.reject(new Error('down')) } });
  expect((await call(vault)).status).toBe(503);
  untouched(vault);
  const keys = fakeWorker({ hook: { ok: false, reason: 'keys_unavailable' } });
  expect((await call(keys)).status).toBe(503);
  untouched(keys);
});

test('a webhook that is not the end is 200 and no write', async () => {
  const fake = fakeWorker({ hook: { ok: true, requestId: 'req-1', outcome: { status: 'pending' } } });
  expect((await call(fake)).status).toBe(200);
  untouched(fake);
});

test('duplicates, and those that come too late, are 200 and no effect', async () => {
  const db = fakeDatabase({
    openVerdict: async () => ok({ work: work({ status: 'succeeded' }), leased: false }),
  });
  const fake = fakeWorker({}, { db });
  expect((await call(fake)).status).toBe(200);
  expect(fake.deps.store).not.toHaveBeenCalled();
  expect(db.recordVerdict).not.toHaveBeenCalled();
  expect(fake.deps.post).not.toHaveBeenCalled();
});

test('a verdict that another one preceded is not announced', async () => {
  const db = fakeDatabase({
    recordVerdict: async () => ok({ attempt_id: 'att_1', fence: 3, event: 'canceled', recorded: false, lanes: [] }),
  });
  const fake = fakeWorker({}, { db });
  expect((await call(fake)).status).toBe(200);
  expect(fake.deps.post).not.toHaveBeenCalled();
});

test('a callback that does not get through changes nothing: the sweep has it', async () => {
  const fake = fakeWorker({}, { post: vi.fn(async () => ({ status: 0 })) });
  expect((await call(fake)).status).toBe(200);
  expect(fake.deps.post).toHaveBeenCalledOnce();
});

test('a database that does not answer is 503, so that the provider comes again', async () => {
  const fake = fakeWorker({}, { db: fakeDatabase({ openVerdict: down }) });
  expect((await call(fake)).status).toBe(503);
});

describe('an attempt whose submission was never answered', () => {
  const unknown = work({ status: 'submission_unknown', request_id: null, provider_state: null });
  const db = () => fakeDatabase({ openVerdict: async () => ok({ work: unknown, leased: true }) });

  test('adopts the request id once the provider confirms the task, and believes only what it then says', async () => {
    const fake = fakeWorker({ status: { status: 'failed', code: 'failed', message: 'out of memory' } }, { db: db() });
    expect((await call(fake)).status).toBe(200);
    const state = { request_id: 'req-1', model: 'acme/flux', kind: 'image' };
    expect(fake.provider.status).toHaveBeenCalledExactlyOnceWith(state);
    expect(fake.db.recordSubmission).toHaveBeenCalledExactlyOnceWith(
      'att_1',
      3,
      expect.objectContaining({ outcome: 'submitted', request_id: 'req-1', state }),
    );
    expect(verdictIn(fake.db)).toMatchObject({ event: 'failed', error: { message: 'out of memory' } });
    expect(fake.provider.start).not.toHaveBeenCalled();
  });

  test('adopts nothing that the provider does not know', async () => {
    const fake = fakeWorker({ status: { status: 'ambiguous', message: '404' } }, { db: db() });
    expect((await call(fake)).status).toBe(200);
    expect(fake.db.recordSubmission).not.toHaveBeenCalled();
    expect(fake.db.recordVerdict).not.toHaveBeenCalled();
    expect(fake.db.releaseVerdict).toHaveBeenCalledExactlyOnceWith('att_1', 3, 5);
  });
});

test('a webhook about another request than the attempt’s is not believed: the provider is asked about ours', async () => {
  const fake = fakeWorker({
    hook: { ok: true, requestId: 'req-2', outcome: succeeded() },
    status: { status: 'pending' },
  });
  expect((await call(fake)).status).toBe(200);
  expect(fake.provider.status).toHaveBeenCalledExactlyOnceWith(work().provider_state);
  expect(fake.db.recordVerdict).not.toHaveBeenCalled();
  expect(fake.db.recordSubmission).not.toHaveBeenCalled();
  expect(fake.db.releaseVerdict).toHaveBeenCalledOnce();
});

test('a signed webhook that carries no result makes us fetch it', async () => {
  const fake = fakeWorker({
    hook: { ok: true, requestId: 'req-1', outcome: { status: 'ambiguous', message: 'too large' } },
  });
  expect((await call(fake)).status).toBe(200);
  expect(fake.provider.status).toHaveBeenCalledOnce();
  expect(verdictIn(fake.db)).toMatchObject({ event: 'succeeded' });
});

describe('a vendor that signs for all its customers alike', () => {
  const from = (userId: string): HookResult => ({ ok: true, requestId: 'req-1', userId, outcome: succeeded() });

  test('is believed for a customer only after a fetch has confirmed whose key it is', async () => {
    const fake = fakeWorker({ hook: from('user-a') });
    fake.provider.adapter.publicKeys = async () => [];
    await call(fake);
    expect(fake.provider.status).toHaveBeenCalledTimes(1);
    await call(fake);
    expect(fake.provider.status).toHaveBeenCalledTimes(1);

    fake.provider.verifyHook.mockResolvedValue(from('user-b'));
    fake.provider.status.mockResolvedValue({ status: 'pending' });
    await call(fake);
    expect(fake.provider.status).toHaveBeenCalledTimes(2);
    expect(fake.db.recordVerdict).toHaveBeenCalledTimes(2);

    fake.provider.verifyHook.mockResolvedValue(from('user-a'));
    await call(fake);
    expect(fake.db.recordVerdict).toHaveBeenCalledTimes(3);
  });

  test('is not believed for a customer who reported another request, though ours could be fetched', async () => {
    const fake = fakeWorker({ hook: { ok: true, requestId: 'req-2', userId: 'user-b', outcome: succeeded() } });
    fake.provider.adapter.publicKeys = async () => [];
    await call(fake);
    fake.provider.verifyHook.mockResolvedValue(from('user-b'));
    await call(fake);
    expect(fake.provider.status).toHaveBeenCalledTimes(2);
  });

  test('needs no secret of a key', async () => {
    const fake = fakeWorker();
    fake.provider.adapter.publicKeys = async () => [];
    await call(fake);
    expect(fake.deps.keys.open).not.toHaveBeenCalled();
  });
});

test('an attempt that is not there is 404', async () => {
  const fake = fakeWorker({}, { db: fakeDatabase({ openVerdict: async () => refused('not_found') }) });
  expect((await call(fake)).status).toBe(404);
});
