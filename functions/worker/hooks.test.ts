import { describe, expect, test, vi } from 'vitest';
import { ok, refused } from '../../shared/errors/result.ts';
import type { HookResult } from '../../shared/providers/types.ts';
import { encodeSecret } from '../../shared/signatures/secret.ts';
import {
  down,
  fakeDatabase,
  fakeWorker,
  NOW,
  ORIGIN,
  SIGNING_SECRET,
  storedAs,
  succeeded,
  verdictIn,
  work,
} from './fakes.ts';
import { hookUrl } from './run-attempt.ts';

type Fake = ReturnType<typeof fakeWorker>;

const pathOf = async (of = work()) =>
  (await hookUrl({ origin: ORIGIN, signingSecret: SIGNING_SECRET } as Fake['deps'], of)).slice(ORIGIN.length);

async function call({ app }: Fake, init: RequestInit = {}, path?: string) {
  const headers = { 'content-type': 'application/json', 'x-sign': 'good' };
  return app.request(path ?? (await pathOf()), { method: 'POST', body: '{}', headers, ...init });
}

/** No write and no lease: the database was not spoken to at all. */
function untouched({ db }: Fake) {
  for (const method of Object.values(db)) expect(method).not.toHaveBeenCalled();
}

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
    openVerdict: async () => ok({ work: work({ status: 'succeeded' }), leased: false, applied: true }),
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
  const db = () => fakeDatabase({ openVerdict: async () => ok({ work: unknown, leased: true, applied: false }) });

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

  test('needs no secret of a key', async () => {
    const fake = fakeWorker();
    fake.provider.adapter.publicKeys = async () => [];
    await call(fake);
    expect(fake.deps.keys.open).not.toHaveBeenCalled();
  });
});

describe('what was made', () => {
  const outputs = (...all: object[]): HookResult =>
    ({ ok: true, requestId: 'req-1', outcome: { status: 'succeeded', outputs: all } }) as HookResult;
  const png = { kind: 'image', url: 'https://cdn.acme.test/1.png' };
  const wanting = (n: number) =>
    fakeDatabase({ openVerdict: async () => ok({ work: work({ outputs: n }), leased: true, applied: false }) });

  test('is not what it claims: failed, tried elsewhere, and booked as waste', async () => {
    const store = async () => ({ ok: false, reason: 'unusable', message: 'not an image' }) as const;
    const fake = fakeWorker({}, { store });
    expect((await call(fake)).status).toBe(200);
    expect(verdictIn(fake.db)).toMatchObject({
      event: 'failed',
      error: { class: 'failed', code: 'unusable_media', message: 'not an image' },
      cost_usd: 0.03,
    });
  });

  test('cannot be stored now: the lease goes back, 503, and no verdict', async () => {
    const store = async () => ({ ok: false, reason: 'unavailable', message: 'down' }) as const;
    const fake = fakeWorker({}, { store });
    expect((await call(fake)).status).toBe(503);
    expect(fake.db.releaseVerdict).toHaveBeenCalledExactlyOnceWith('att_1', 3, 10);
    expect(fake.db.recordVerdict).not.toHaveBeenCalled();
    expect(fake.deps.post).not.toHaveBeenCalled();
  });

  test('in parts: the good ones are delivered under their own numbers', async () => {
    const store = vi.fn(async ({ publicId }: { publicId: string }) =>
      publicId.endsWith('-2') ? ({ ok: false, reason: 'unusable', message: 'broken' } as const) : storedAs(publicId),
    );
    const fake = fakeWorker({ hook: outputs(png, png, png) }, { store, db: wanting(3) });
    await call(fake);
    expect(verdictIn(fake.db)?.outputs.map(({ n }) => n)).toEqual([1, 3]);
  });

  test('more than was asked for: the rest is left there', async () => {
    const fake = fakeWorker({ hook: outputs(png, png, png) }, { db: wanting(2) });
    await call(fake);
    expect(fake.deps.store).toHaveBeenCalledTimes(2);
    expect(verdictIn(fake.db)?.outputs).toHaveLength(2);
  });

  test('nothing: failed', async () => {
    const fake = fakeWorker({ hook: outputs() });
    await call(fake);
    expect(verdictIn(fake.db)).toMatchObject({ event: 'failed', error: { class: 'failed' } });
  });

  test('a data URI goes up as it is; text stays in the row', async () => {
    const dataUri = 'data:image/png;base64,iVBORw0KGgo=';
    const fake = fakeWorker({ hook: outputs({ kind: 'image', dataUri, contentType: 'image/png' }) });
    await call(fake);
    expect(fake.deps.store).toHaveBeenCalledWith(expect.objectContaining({ source: { dataUri } }));
    const text = fakeWorker({ hook: outputs({ kind: 'text', text: 'déjà\0 vu' }) });
    await call(text);
    expect(text.deps.store).not.toHaveBeenCalled();
    expect(verdictIn(text.db)?.outputs).toEqual([
      {
        n: 1,
        kind: 'text',
        text: 'déjà vu',
        bytes: 9,
        content_type: 'text/plain; charset=utf-8',
        url: null,
        public_id: null,
      },
    ]);
  });

  test('moderation is a verdict of its own', async () => {
    const fake = fakeWorker({
      hook: { ok: true, requestId: 'req-1', outcome: { status: 'rejected', code: 'moderation', message: 'nsfw' } },
    });
    await call(fake);
    expect(verdictIn(fake.db)).toMatchObject({ event: 'failed', error: { class: 'moderation', retryable: false } });
  });
});

describe('the secret of the key’s account', () => {
  const whsec = encodeSecret(new Uint8Array(32).fill(9));
  const replicate = (overrides = {}) => {
    const fake = fakeWorker({}, overrides);
    const { adapter } = fake.provider;
    const deps = { ...fake.deps, adapter: (id: string) => (id === 'replicate' ? adapter : undefined) };
    return { fake, deps };
  };
  const bare = { open: vi.fn(async () => ({ key: 'r8_x', config: {}, key_id: 'key_1', version: 1 })) };

  async function secretsSeen(deps: Fake['deps'], fake: Fake, times = 1) {
    const { createApp } = await import('./app.ts');
    const app = createApp(deps);
    const path = await pathOf(work({ provider: 'replicate' }));
    for (let n = 0; n < times; n++) await call({ ...fake, app }, {}, path);
    return fake.provider.verifyHook.mock.calls.map(([request]) => request.secrets);
  }

  test('is fetched with the key once, and remembered', async () => {
    const fetch = vi.fn(async () => Response.json({ key: whsec }));
    const { fake, deps } = replicate({ fetch, keys: bare });
    expect((await secretsSeen(deps, fake, 3)).every((secrets) => secrets?.[0] === whsec)).toBe(true);
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      'https://api.replicate.com/v1/webhooks/default/secret',
      expect.objectContaining({ headers: { authorization: 'Bearer r8_x' }, redirect: 'manual' }),
    );
  });

  test('is asked for again when it no longer fits, at most once a minute', async () => {
    const fetch = vi.fn(async () => Response.json({ key: whsec }));
    let now = NOW;
    const { fake, deps } = replicate({ fetch, keys: bare, now: () => now });
    fake.provider.verifyHook.mockResolvedValue({ ok: false, reason: 'signature' });
    await secretsSeen(deps, fake, 5);
    expect(fetch).toHaveBeenCalledTimes(1);
    const { createApp } = await import('./app.ts');
    const app = createApp(deps);
    const path = await pathOf(work({ provider: 'replicate' }));
    await call({ ...fake, app }, {}, path);
    now += 61_000;
    await call({ ...fake, app }, {}, path);
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  test('that stands with the key is taken as it is', async () => {
    const { fake, deps } = replicate();
    expect((await secretsSeen(deps, fake))[0]).toEqual(['whsec_acme']);
    expect(fake.deps.fetch).not.toHaveBeenCalled();
  });

  test('that cannot be fetched is 503', async () => {
    const { fake, deps } = replicate({ keys: bare, fetch: vi.fn(async () => new Response('no', { status: 500 })) });
    const { createApp } = await import('./app.ts');
    const path = await pathOf(work({ provider: 'replicate' }));
    expect((await call({ ...fake, app: createApp(deps) }, {}, path)).status).toBe(503);
    untouched(fake);
  });
});

test('an attempt that is not there is 404', async () => {
  const fake = fakeWorker({}, { db: fakeDatabase({ openVerdict: async () => refused('not_found') }) });
  expect((await call(fake)).status).toBe(404);
});
