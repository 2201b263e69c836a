import { describe, expect, test, vi } from 'vitest';
import type { NewProviderKey } from '../../shared/db/key-service/provider-key-rows.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import { fingerprint } from './fingerprint.ts';
import { openSealed } from './sealed-key.ts';
import { CANARY, CREDENTIAL, fakeApp, json, KEY_ID, keyRow, keyring, material } from './testing/fakes.ts';

const plan = { id: KEY_ID, version: 1, owner: 'user:acct_1', provider: 'fal', sibling: null, answered: false };
const answers = {
  beginKeyTest: () => ok({}),
  prepareProviderKey: () => ok(plan),
  createProviderKey: () => ok({ ...keyRow(), replayed: false }),
  replaceProviderKey: () => ok({ ...keyRow({ version: 2 }), replayed: false }),
  getProviderKey: () => ok(keyRow()),
};
const body = { provider: 'fal', api_key: CANARY, additional_config: { region: 'eu', webhook_secret: 'c4n4ry-hook' } };
const requestOf = (calls: { fn: string; args: unknown[] }[], fn: string) =>
  calls.find((one) => one.fn === fn)?.args.find((arg) => (arg as NewProviderKey)?.fingerprint) as NewProviderKey;

describe('a new key', () => {
  test('is sealed for its row before the database hears of it', async () => {
    const { call, calls, lines } = fakeApp(answers);
    const response = await call('/v1/provider-keys', { body: { ...body, name: 'Mine', priority: 3 } });
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`https://darkroom.test/v1/provider-keys/${KEY_ID}`);
    expect(calls[0]).toMatchObject({
      fn: 'prepareProviderKey',
      args: [CREDENTIAL, { provider: 'fal' }],
    });
    const request = requestOf(calls, 'createProviderKey');
    expect(request).toMatchObject({
      id: KEY_ID,
      name: 'Mine',
      priority: 3,
      last4: 'cret',
      fingerprint: await fingerprint(CANARY),
    });
    expect(request.additional_config).toMatchObject({ region: 'eu', webhook_secret: expect.stringMatching(/^dkv1\./) });
    expect(JSON.stringify(calls) + lines.join() + (await response.text())).not.toContain('c4n4ry');
    const { api_key, additional_config = {} } = request;
    expect(await openSealed(keyring, material({ api_key, additional_config }))).toEqual({
      key: CANARY,
      config: { region: 'eu', webhook_secret: 'c4n4ry-hook' },
    });
  });

  test('a replay says so; the same request has the same hash, another one another', async () => {
    const createProviderKey = vi.fn((..._args: unknown[]) => ok({ ...keyRow(), replayed: true }));
    const { call } = fakeApp({ ...answers, createProviderKey: createProviderKey as never });
    const headers = { 'idempotency-key': 'once' };
    const response = await call('/v1/provider-keys', { body, headers });
    expect(response.headers.get('idempotency-replayed')).toBe('true');
    await call('/v1/provider-keys', { body, headers });
    await call('/v1/provider-keys', { body: { ...body, api_key: 'other:key' }, headers });
    const hashes = createProviderKey.mock.calls.map((args) => args[2]) as { key: string; request_hash: string }[];
    expect(hashes.map(({ key }) => key)).toEqual(['once', 'once', 'once']);
    expect(new Set(hashes.map(({ request_hash }) => request_hash)).size).toBe(2);
  });

  test.each([
    ['an unknown provider', { provider: 'nobody', api_key: 'x:y' }, 'provider'],
    ['a key of another form', { provider: 'replicate', api_key: CANARY }, 'api_key'],
    ['a key without its other half', { provider: 'kling', api_key: 'access-key' }, 'api_secret'],
    ['a pool of nobody', { ...body, profile: 'vision-x' }, 'profile'],
    ['another provider’s pool', { ...body, profile: 'vision-nova' }, 'profile'],
    ['an unknown field', { ...body, apikey: 'x' }, 'apikey'],
    [
      'a private address',
      { ...body, additional_config: { endpoint_url: 'http://10.0.0.1/' } },
      'additional_config.endpoint_url',
    ],
    [
      'our own address',
      { ...body, additional_config: { endpoint_url: 'https://darkroom.test/' } },
      'additional_config.endpoint_url',
    ],
    ['a name with a slash', { ...body, additional_config: { 'auth/user': 'x' } }, 'additional_config'],
    ['a name of no one’s', { ...body, additional_config: { auth: { '': 'x' } } }, 'additional_config'],
    ['too many texts', { ...body, additional_config: { hosts: Array(65).fill('x') } }, 'additional_config'],
    ['settings without end', { ...body, additional_config: { x: 'y'.repeat(9_000) } }, 'additional_config'],
  ])('%s is 422, names the field, shows no key, and asks nobody', async (_name, request, path) => {
    const { call, calls } = fakeApp(answers);
    const response = await call('/v1/provider-keys', { body: request });
    const text = await response.text();
    expect([response.status, JSON.parse(text).errors[0].path]).toEqual([422, path]);
    expect(text).not.toContain('c4n4ry');
    expect(calls).toEqual([]);
  });

  test.each(['vision-atlas', 'cinematic-pro', 'fal'])('may be for the pool %s', async (profile) => {
    expect((await fakeApp(answers).call('/v1/provider-keys', { body: { ...body, profile } })).status).toBe(201);
  });

  test('the emulators’ addresses are good ones, locally', async () => {
    const local = { ...body, additional_config: { endpoint_url: 'http://127.0.0.1:9001/v1' } };
    expect((await fakeApp(answers).call('/v1/provider-keys', { body: local })).status).toBe(201);
  });
});

describe('sealed keys in a database of their own', () => {
  const store = () => ({ putSealed: vi.fn(async () => ok({})), wipeSealed: vi.fn(async () => ok({ wiped: true })) });

  test('are put there first, and nothing sealed stays here', async () => {
    const sealed = store();
    const { call, calls } = fakeApp(answers, { sealed: sealed as never });
    await call('/v1/provider-keys', { body });
    expect(sealed.putSealed).toHaveBeenCalledWith(
      KEY_ID,
      1,
      expect.objectContaining({ owner: 'user:acct_1', api_key: expect.stringMatching(/^dkv1\./) }),
    );
    expect(requestOf(calls, 'createProviderKey')).toMatchObject({ api_key: null, api_secret: null });
    expect(sealed.wipeSealed).not.toHaveBeenCalled();
  });

  test('are taken back where their row was refused, or was there before', async () => {
    for (const createProviderKey of [() => refused('invalid_state'), () => ok({ ...keyRow(), replayed: true })]) {
      const sealed = store();
      await fakeApp({ ...answers, createProviderKey }, { sealed: sealed as never }).call('/v1/provider-keys', { body });
      expect(sealed.wipeSealed).toHaveBeenCalledWith(KEY_ID, 1, expect.stringMatching(/^dkv1\./));
    }
  });

  test('stay where nobody said whether the row was written', async () => {
    const sealed = store();
    const createProviderKey = () => refused('unavailable', { ambiguous: true });
    const app = fakeApp({ ...answers, createProviderKey }, { sealed: sealed as never });
    expect((await app.call('/v1/provider-keys', { body })).status).toBe(503);
    expect(sealed.wipeSealed).not.toHaveBeenCalled();
  });

  test('of a replacement that was refused are taken back; nobody else’s are written over', async () => {
    const path = `/v1/provider-keys/${KEY_ID}/replace`;
    const sealed = store();
    const replaceProviderKey = () => refused('conflict');
    const { call } = fakeApp({ ...answers, replaceProviderKey }, { sealed: sealed as never });
    expect((await call(path, { body: { api_key: CANARY } })).status).toBe(409);
    expect(sealed.wipeSealed).toHaveBeenCalledExactlyOnceWith(KEY_ID, 1, expect.stringMatching(/^dkv1\./));
    const taken = { ...store(), putSealed: async () => refused('conflict') };
    const second = fakeApp(answers, { sealed: taken as never });
    expect((await second.call(path, { body: { api_key: CANARY } })).status).toBe(409);
    expect(second.calls.map(({ fn }) => fn)).toEqual(['prepareProviderKey']);
    expect(taken.wipeSealed).not.toHaveBeenCalled();
  });

  test('a store that is down leaves no row behind', async () => {
    const sealed = { putSealed: async () => refused('unavailable') };
    const { call, calls } = fakeApp(answers, { sealed: sealed as never });
    expect((await call('/v1/provider-keys', { body })).status).toBe(503);
    expect(calls.map(({ fn }) => fn)).toEqual(['prepareProviderKey']);
  });
});

describe('replacing', () => {
  const next = { ...answers, prepareProviderKey: () => ok({ ...plan, version: 2 }) };
  const path = `/v1/provider-keys/${KEY_ID}/replace`;

  test('seals for the next version', async () => {
    const { call, calls } = fakeApp(next);
    expect((await call(path, { body: { api_key: CANARY } })).status).toBe(200);
    const request = requestOf(calls, 'replaceProviderKey') as never as { version: number; api_key: string };
    expect(request.version).toBe(2);
    expect(await openSealed(keyring, material({ version: 2, api_key: request.api_key }))).toMatchObject({
      key: CANARY,
    });
    expect(await openSealed(keyring, material({ version: 1, api_key: request.api_key }))).toBeNull();
  });

  test('what was answered before is neither sealed nor put away again', async () => {
    const sealed = { putSealed: vi.fn(() => ok({})) };
    const prepareProviderKey = () => ok({ ...plan, version: 3, answered: true });
    const replaceProviderKey = () => ok({ ...keyRow({ version: 2 }), replayed: true });
    const { call, calls } = fakeApp({ prepareProviderKey, replaceProviderKey }, { sealed: sealed as never });
    const response = await call(path, { body: { api_key: CANARY }, headers: { 'idempotency-key': 'once' } });
    expect([response.status, response.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    const once = { key: 'once', request_hash: expect.any(String) };
    expect(calls.map(({ args }) => args.slice(1))).toEqual([[{ id: KEY_ID, idempotency: once }], [KEY_ID, null, once]]);
    expect(sealed.putSealed).not.toHaveBeenCalled();
  });

  test('a key of the wrong form is refused by the provider of the row', async () => {
    expect((await fakeApp(next).call(path, { body: { api_key: 'r8_x' } })).status).toBe(422);
  });
});

describe('changing', () => {
  const path = `/v1/provider-keys/${KEY_ID}`;

  test('new settings are sealed beside the key that is there', async () => {
    const { call: first, calls: made } = fakeApp(answers);
    await first('/v1/provider-keys', { body });
    const { api_key } = requestOf(made, 'createProviderKey');
    const openProviderKey = () => ok(material({ api_key }));
    const { call, calls } = fakeApp({ openProviderKey, patchProviderKey: () => ok(keyRow()) });
    const change = { name: 'Ours', additional_config: { webhook_secret: 'c4n4ry-two', region: 'us' } };
    expect((await call(path, { method: 'PATCH', body: change })).status).toBe(200);
    const patch = calls.find(({ fn }) => fn === 'patchProviderKey')?.args[2] as Partial<NewProviderKey>;
    expect(patch).toMatchObject({ name: 'Ours', additional_config: { region: 'us' } });
    expect(JSON.stringify(patch)).not.toContain('c4n4ry');
    expect(await openSealed(keyring, material({ api_key, ...patch }))).toMatchObject({
      config: change.additional_config,
    });
  });

  test.each([
    ['another address', { endpoint_url: 'https://evil.modal.run' }],
    ['no address', { region: 'us' }],
  ])(
    'a key is not sent to %s than it was kept with: nothing is put away, and the caller is told how',
    async (_name, config) => {
      const openProviderKey = () => ok(material({ additional_config: { endpoint_url: 'https://mine.modal.run/' } }));
      const sealed = { putSealed: vi.fn(), getSealed: vi.fn() };
      const { call, calls } = fakeApp({ openProviderKey }, { sealed: sealed as never });
      const response = await call(path, { method: 'PATCH', body: { additional_config: config } });
      expect([response.status, await json(response)]).toMatchObject([
        409,
        { code: 'invalid_state', detail: expect.stringContaining('/replace') },
      ]);
      expect(calls.map(({ fn }) => fn)).toEqual(['openProviderKey']);
      expect(sealed.putSealed).not.toHaveBeenCalled();
    },
  );

  const settings = { additional_config: { webhook_secret: 'c4n4ry-two' } };
  const stored = async (where: 'here' | 'elsewhere', patchProviderKey: () => unknown, rewrapped = true) => {
    const { call: first, calls: made } = fakeApp(answers);
    await first('/v1/provider-keys', { body });
    const { api_key } = requestOf(made, 'createProviderKey');
    const lies = { api_key, api_secret: null, additional_config: {} };
    const sealed = { rewrapSealed: vi.fn(() => ok({ rewrapped })), getSealed: () => ok(lies) };
    const openProviderKey = () => ok(material({ stored: where, api_key: where === 'here' ? api_key : null }));
    const { call } = fakeApp({ openProviderKey, patchProviderKey }, { sealed: sealed as never });
    const { status } = await call(path, { method: 'PATCH', body: settings });
    return { status, written: sealed.rewrapSealed.mock.calls.length };
  };

  test('envelopes go where the key’s own are, and nowhere if the row refuses', async () => {
    expect(await stored('here', () => ok(keyRow()))).toEqual({ status: 200, written: 0 });
    expect(await stored('elsewhere', () => ok(keyRow()))).toEqual({ status: 200, written: 1 });
    expect(await stored('elsewhere', () => refused('conflict'))).toEqual({ status: 409, written: 0 });
    expect(await stored('elsewhere', () => ok(keyRow()), false)).toEqual({ status: 409, written: 1 });
  });

  test('what is not given stays as it is', async () => {
    const { call, calls } = fakeApp({ patchProviderKey: () => ok(keyRow()) });
    await call(path, { method: 'PATCH', body: { is_active: false } });
    expect(calls).toEqual([{ fn: 'patchProviderKey', args: [CREDENTIAL, KEY_ID, { is_active: false }] }]);
  });

  test('nothing to change is 422', async () => {
    expect((await fakeApp().call(path, { method: 'PATCH', body: {} })).status).toBe(422);
  });

  test('nothing is a stranger’s, and a deleted key is gone', async () => {
    expect((await fakeApp().call(path)).status).toBe(404);
    expect((await fakeApp({ deleteProviderKey: () => ok({}) }).call(path, { method: 'DELETE' })).status).toBe(204);
  });
});

describe('…/test', () => {
  test('before saving: in the provider’s words, with nothing kept', async () => {
    const { call, calls, fetch } = fakeApp(answers);
    fetch.mockImplementation(async () => Response.json({ detail: 'Invalid key' }, { status: 401 }));
    const response = await call('/v1/provider-keys/test', { body: { provider: 'fal', api_key: CANARY } });
    expect([response.status, await json(response)]).toEqual([
      200,
      { result: 'invalid', message: 'Invalid key', ms: 0 },
    ]);
    const said = { provider: 'fal', last4: 'cret', fingerprint: await fingerprint(CANARY) };
    expect(calls).toEqual([{ fn: 'beginKeyTest', args: [CREDENTIAL, said] }]);
    expect(new Headers(fetch.mock.calls[0]?.[1]?.headers).get('authorization')).toBe(`Key ${CANARY}`);
  });

  test.each([
    ['forbidden', 403],
    ['rate_limited', 429],
  ] as const)('nobody tries keys who may keep none, nor more than so many a minute: %s', async (code, status) => {
    const { call, fetch } = fakeApp({ beginKeyTest: () => refused(code, { retry_after: 7 }) });
    expect((await call('/v1/provider-keys/test', { body: { provider: 'fal', api_key: CANARY } })).status).toBe(status);
    expect(fetch).not.toHaveBeenCalled();
  });

  test('a secret in any script is tried', async () => {
    const { call, fetch } = fakeApp(answers);
    fetch.mockImplementation(async () => Response.json({}, { status: 401 }));
    const body = { provider: 'vectorizer', api_key: CANARY, api_secret: 'секрет' };
    const response = await call('/v1/provider-keys/test', { body });
    expect([response.status, (await json(response)).result]).toEqual([200, 'invalid']);
  });

  test('of a kept key counts, for the version that was tried', async () => {
    const env = { FAL_KEY: CANARY, FAL_ENDPOINT: 'http://127.0.0.1:9001' };
    const row = material({
      source: 'environment',
      env_name: 'FAL_KEY',
      fingerprint: await fingerprint(CANARY),
      version: 4,
    });
    const openProviderKey = () => ok(row);
    const { call, calls, fetch } = fakeApp({ openProviderKey, recordKeyTest: () => ok(keyRow()) }, { env });
    expect(await json(await call(`/v1/provider-keys/${KEY_ID}/test`, { method: 'POST' }))).toMatchObject({
      result: 'valid',
    });
    expect(String(fetch.mock.calls[0]?.[0])).toMatch(/^http:\/\/127\.0\.0\.1:9001\//);
    expect(calls.at(-1)).toMatchObject({ fn: 'recordKeyTest', args: [CREDENTIAL, KEY_ID, 4, { result: 'valid' }] });
  });

  test('a key that does not open is said to be so', async () => {
    const openProviderKey = () => ok(material({ api_key: 'dkv1.nonsense' }));
    const response = await fakeApp({ openProviderKey }).call(`/v1/provider-keys/${KEY_ID}/test`, { method: 'POST' });
    expect([response.status, (await json(response)).code]).toEqual([409, 'invalid_state']);
  });

  test('the platform’s own endpoint gets nobody else’s key to see', async () => {
    const env = { MODAL_IMAGE_ENDPOINT: 'https://platform--image.modal.run' };
    const { call, fetch } = fakeApp(answers, { env });
    const modal = { provider: 'modal', api_key: 'wk-c4n4ry', api_secret: 'ws-1' };
    expect(await json(await call('/v1/provider-keys/test', { body: modal }))).toMatchObject({ result: 'unreachable' });
    expect(fetch).not.toHaveBeenCalled();
  });

  test('an address of somebody’s own is checked at each hop', async () => {
    const { call, fetch } = fakeApp(answers);
    fetch.mockImplementation(
      async () => new Response(null, { status: 303, headers: { location: 'https://evil.example/' } }),
    );
    const modal = {
      provider: 'modal',
      api_key: 'wk-1',
      api_secret: 'ws-1',
      additional_config: { endpoint_url: 'https://a.modal.run' },
    };
    expect(await json(await call('/v1/provider-keys/test', { body: modal }))).toMatchObject({ result: 'unreachable' });
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});
