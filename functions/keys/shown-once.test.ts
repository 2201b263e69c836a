import { describe, expect, test, vi } from 'vitest';
import { secretKind, sha256Hex } from '../../shared/auth/secrets.ts';
import { ok } from '../../shared/errors/result.ts';
import { CREDENTIAL, fakeApp, json } from './testing/fakes.ts';

const ID = `ak_${'0'.repeat(32)}`;
const ORGANIZATION = `org_${'0'.repeat(32)}`;
const token = { user_ref: 'ada', scopes: ['jobs'], expires_in: 600 };

/** What is shown once: where, with what, and the field that has it. */
const SECRETS = [
  ['createApiKey', '/v1/api-keys', { name: 'ci', scopes: ['jobs'] }, 'key'],
  ['rollApiKey', `/v1/api-keys/${ID}/roll`, { overlap_seconds: 60 }, 'key'],
  ['createClientToken', '/v1/client-tokens', token, 'token'],
  ['inviteMember', `/v1/organizations/${ORGANIZATION}/members`, { email: 'ada@film.test', role: 'member' }, 'token'],
  ['inviteMember', `/v1/organizations/${ORGANIZATION}/invitations`, { email: 'ada@film.test' }, 'token'],
] as const;

describe.each(SECRETS)('%s at %s', (fn, path, body, field) => {
  test('shows the secret, and gives the database its hash only', async () => {
    const { call, calls, lines } = fakeApp({ [fn]: () => ok({ id: ID, replayed: false }) });
    const response = await call(path, { body });
    const answer = await json(response);
    expect(response.status).toBe(201);
    expect(answer[field]).toMatch(/^dk_/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(JSON.stringify(calls)).toContain(await sha256Hex(answer[field]));
    expect(JSON.stringify(calls) + lines.join()).not.toContain(answer[field]);
  });

  test('a replay comes without it', async () => {
    const { call, calls } = fakeApp({ [fn]: () => ok({ id: ID, replayed: true }) });
    const response = await call(path, { body, headers: { 'idempotency-key': 'once' } });
    expect(await json(response)).toEqual({ id: ID });
    expect(response.headers.get('idempotency-replayed')).toBe('true');
    expect(calls[0]?.args).toContainEqual({ key: 'once', request_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});

test('keys and tokens have a checksum that anybody can verify offline', async () => {
  const made = async (fn: string, path: string, body: object, field: string) =>
    (await json(await fakeApp({ [fn]: () => ok({ replayed: false }) }).call(path, { body })))[field];
  expect(secretKind(await made('createApiKey', '/v1/api-keys', { name: 'x', scopes: ['jobs'] }, 'key'))).toBe(
    'api_key',
  );
  expect(secretKind(await made('createClientToken', '/v1/client-tokens', token, 'token'))).toBe('client_token');
});

test('a key is known by its prefix', async () => {
  const createApiKey = vi.fn((..._args: unknown[]) => ok({ replayed: false }));
  const { call } = fakeApp({ createApiKey: createApiKey as never });
  const { key } = await json(
    await call('/v1/api-keys', { body: { name: 'ci', scopes: ['jobs', 'keys'], monthly_credit_cap: 500 } }),
  );
  expect(createApiKey.mock.calls[0]?.slice(0, 2)).toEqual([
    CREDENTIAL,
    {
      name: 'ci',
      scopes: ['jobs', 'keys'],
      monthly_credit_cap: 500,
      prefix: key.slice(0, 12),
      hash: await sha256Hex(key),
    },
  ]);
});

test.each([
  ['/v1/api-keys', { scopes: ['jobs'] }, 'name'],
  ['/v1/api-keys', { name: 'x', scopes: ['root'] }, 'scopes[0]'],
  ['/v1/api-keys', { name: 'x', scopes: ['jobs'], expires_at: 'tomorrow' }, 'expires_at'],
  ['/v1/api-keys', { name: 'x', scopes: ['jobs'], monthly_credit_cap: -1 }, 'monthly_credit_cap'],
  ['/v1/client-tokens', { ...token, expires_in: 90_000 }, 'expires_in'],
  ['/v1/client-tokens', { ...token, user_ref: '' }, 'user_ref'],
  ['/v1/organizations', { name: ' ' }, 'name'],
  [`/v1/organizations/${ORGANIZATION}/members`, { email: 'nobody' }, 'email'],
])('%s %j names %s', async (path, body, field) => {
  const response = await fakeApp().call(path, { body });
  expect([response.status, (await json(response)).errors[0].path]).toEqual([422, field]);
});

test('a cap may be nothing, and says what it may be', async () => {
  const call = (monthly_credit_cap: number) =>
    fakeApp({ createApiKey: () => ok({ replayed: false }) }).call('/v1/api-keys', {
      body: { name: 'x', scopes: ['jobs'], monthly_credit_cap },
    });
  expect((await call(0)).status).toBe(201);
  expect((await json(await call(-1))).errors[0].message).toBe(
    'Must be a whole number of credits from 0 to 1000000000000',
  );
});

test('a roll needs no body, but one of another kind is none', async () => {
  const { call, calls } = fakeApp({ rollApiKey: () => ok({ replayed: false }) });
  const path = `/v1/api-keys/${ID}/roll`;
  expect((await call(path, { method: 'POST' })).status).toBe(201);
  expect(calls[0]?.args).toContainEqual(expect.objectContaining({ overlap_seconds: 0 }));
  const headers = { 'content-type': 'text/plain' };
  expect((await call(path, { body: { overlap_seconds: 60 }, headers })).status).toBe(415);
  expect((await call('/v1/api-keys', { method: 'POST' })).status).toBe(415);
  expect((await call(`/v1/api-keys/${ID}`, { method: 'PATCH' })).status).toBe(415);
  expect(calls).toHaveLength(1);
});

test('revoking is at once, and answers nothing', async () => {
  const { call, calls } = fakeApp({ revokeApiKey: () => ok({}) });
  expect((await call(`/v1/api-keys/${ID}`, { method: 'DELETE' })).status).toBe(204);
  expect(calls).toEqual([{ fn: 'revokeApiKey', args: [CREDENTIAL, ID] }]);
});
