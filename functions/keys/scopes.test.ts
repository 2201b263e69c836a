import { describe, expect, test } from 'vitest';
import { ok } from '../../shared/errors/result.ts';
import { CANARY, fakeApp, json, keyRow } from './testing/fakes.ts';

const key = { provider: 'fal', api_key: CANARY };
const pool = { strategy: 'round_robin' };
const project = `proj_${'0'.repeat(32)}`;

type Init = { method?: string; body?: object };
const PLACES: [string, string, (scope: object) => Init][] = [
  ['a new key', '/v1/provider-keys', (scope) => ({ body: { ...key, ...scope } })],
  ['the turns of a pool', '/v1/key-pools/fal', (scope) => ({ method: 'PUT', body: { ...pool, ...scope } })],
];
const LISTS = [
  '/v1/provider-keys',
  '/v1/key-pools',
  '/v1/provider-settings',
  '/v1/provider-settings/events',
  '/v1/audit-log',
];

describe('a project has to be named', () => {
  test.each(PLACES)('for %s', async (_name, path, init) => {
    const { call, calls } = fakeApp();
    const response = await call(path, init({ scope: 'project' }));
    expect([response.status, (await json(response)).errors[0].path, calls]).toEqual([422, 'scope_id', []]);
  });

  test.each(LISTS)('at %s', async (path) => {
    const { call, calls } = fakeApp();
    const response = await call(`${path}?scope=project`);
    expect([response.status, (await json(response)).errors[0].path, calls]).toEqual([422, 'scope_id', []]);
    await call(`${path}?scope=project&scope_id=${project}`);
    expect(calls).toHaveLength(1);
  });
});

test.each([{}, { scope: 'user' }, { scope: 'organization' }, { scope: 'platform' }])(
  'whose %j is, the database says without an id',
  async (scope) => {
    const { call, calls } = fakeApp({ listProviderKeys: () => ok({ data: [keyRow()], next_cursor: null }) });
    expect((await call(`/v1/provider-keys?${new URLSearchParams(scope as Record<string, string>)}`)).status).toBe(200);
    await call('/v1/provider-keys', { body: { ...key, ...scope } });
    expect(calls.map(({ fn }) => fn)).toEqual(['listProviderKeys', 'prepareProviderKey']);
  },
);
