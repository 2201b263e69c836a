import { describe, expect, test } from 'vitest';
import { otherRoutes } from '../../shared/contract/routes.ts';
import { ok } from '../../shared/errors/result.ts';
import { routesOf } from './app.ts';
import { fingerprint } from './fingerprint.ts';
import { CANARY, fakeApp, fakeDeps, json, NOW } from './testing/fakes.ts';

describe('the mirror of the environment', () => {
  const mirror = (answers = { mirrorEnvironment: () => ok({ added: 1, removed: 0 }) }) =>
    fakeApp(answers, { env: { FAL_KEY: CANARY } });

  test('has names, fingerprints and last digits, never a key', async () => {
    const { post, calls, lines } = mirror();
    const response = await post('/internal/keys/mirror');
    expect([response.status, await json(response)]).toEqual([200, { added: 1, removed: 0 }]);
    expect(calls).toEqual([
      {
        fn: 'mirrorEnvironment',
        args: [
          [
            { provider: 'fal', env_name: 'FAL_KEY', fingerprint: await fingerprint(CANARY), last4: 'cret' },
            { provider: 'pollinations', env_name: 'POLLINATIONS_API_KEY', fingerprint: expect.any(String), last4: '' },
          ],
        ],
      },
    ]);
    expect(JSON.stringify(calls) + lines.join()).not.toContain(CANARY);
  });

  test('is for signed messages of now', async () => {
    const { post, call, calls } = mirror();
    expect((await post('/internal/keys/mirror', {}, NOW / 1000 - 121)).status).toBe(401);
    for (const path of ['mirror', 'open', 'rotate', 'sweep', 'anything']) {
      for (const method of ['GET', 'POST']) expect((await call(`/internal/keys/${path}`, { method })).status).toBe(401);
    }
    expect(calls).toEqual([]);
  });
});

test('keys cannot be opened over HTTP, signed or not', async () => {
  expect((await fakeApp().post('/internal/keys/open')).status).toBe(404);
});

test('what is not there is a problem, and so is another method', async () => {
  const { call } = fakeApp();
  expect(await json(await call('/v1/provider-key'))).toMatchObject({ code: 'not_found' });
  const response = await call('/v1/provider-keys', { method: 'PUT', body: {} });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD, OPTIONS']);
});

test('a fingerprint is the start of the SHA-256 of the key, whatever secrets we have', async () => {
  expect(await fingerprint('abc')).toBe('ba7816bf8f01cfea');
});

describe('what is served is what is documented', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
  const served = routesOf(fakeDeps().deps);
  const documented = otherRoutes().filter(({ tag }) => tag !== 'Webhooks');

  test('and nothing else', () => {
    expect(served.map(nameOf).toSorted()).toEqual(documented.map(nameOf).toSorted());
  });

  test.each(served.map((route) => [nameOf(route), route] as const))('%s needs a credential', async (_name, route) => {
    const { call, calls } = fakeApp();
    const path = route.path.replace(/\{\w+\}/g, 'x');
    const response = await call(path, { method: route.method.toUpperCase(), key: null });
    expect([response.status, (await json(response)).code]).toEqual([401, 'unauthenticated']);
    expect(calls).toEqual([]);
  });
});

test('browsers may come from the origins that are allowed', async () => {
  const headers = { origin: 'https://app.test', 'access-control-request-method': 'PUT' };
  const response = await fakeApp().call('/v1/provider-settings/user/me/image', {
    method: 'OPTIONS',
    headers,
    key: null,
  });
  expect(response.headers.get('access-control-allow-methods')).toContain('PUT');
  expect(response.headers.get('access-control-allow-headers')).toContain('if-match');
});
