import { expect, test, vi } from 'vitest';
import type { KeyMaterial } from '../../shared/db/key-service/provider-key-rows.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import { silent } from '../../shared/log/log.ts';
import { seal } from '../../shared/seal/seal.ts';
import { fingerprint } from './fingerprint.ts';
import { openKey } from './open-key.ts';
import { contextOf } from './sealed-key.ts';
import { CANARY, fakeDeps, keyring, material } from './testing/fakes.ts';

const row = material({ version: 2 });
const context = contextOf(row);

function vault(found: Partial<KeyMaterial> | null, more: Parameters<typeof fakeDeps>[1] = {}) {
  const keyForAttempt = vi.fn((_id: string, _fence: number) =>
    found ? ok({ ...row, ...found }) : refused('not_found'),
  );
  const { deps, lines } = fakeDeps({ keyForAttempt }, more);
  return { lines, keyForAttempt, open: () => openKey(deps, { attempt_id: 'att_1', fence: 3 }) };
}

test('a sealed key is opened for the attempt that the database names', async () => {
  const { open, keyForAttempt, lines } = vault({
    api_key: await seal(keyring, context, CANARY),
    api_secret: await seal(keyring, { ...context, field: 'api_secret' }, 'second'),
    additional_config: {
      region: 'eu',
      webhook_secret: await seal(keyring, { ...context, field: 'config.webhook_secret' }, 'whsec_x'),
    },
  });
  expect(await open()).toEqual({
    key: CANARY,
    secret: 'second',
    config: { region: 'eu', webhook_secret: 'whsec_x' },
    key_id: row.key_id,
    version: 2,
  });
  expect(keyForAttempt).toHaveBeenCalledWith('att_1', 3);
  expect(lines).toEqual([]);
});

test('one that lies elsewhere is fetched there, by key and version', async () => {
  const getSealed = vi.fn(async () =>
    ok({ ...row, api_key: await seal(keyring, context, CANARY), api_secret: null, additional_config: {} }),
  );
  const own = { sealed: { getSealed } as never };
  expect(await vault({ stored: 'elsewhere', additional_config: { region: 'eu' } }, own).open()).toMatchObject({
    key: CANARY,
    config: { region: 'eu' },
  });
  expect(getSealed).toHaveBeenCalledWith(row.key_id, 2);
  expect(await vault({ stored: 'elsewhere' }).open()).toHaveProperty('missing');
});

test('an environment key is read by its name, as long as it is that key', async () => {
  const found = {
    source: 'environment',
    env_name: 'FAL_KEY_1',
    owner: 'platform:platform',
    fingerprint: await fingerprint(CANARY),
  } as const;
  expect(await vault(found, { env: { FAL_KEY_1: CANARY } }).open()).toEqual({
    key: CANARY,
    config: {},
    key_id: row.key_id,
    version: 2,
  });
  expect(await vault(found).open()).toEqual({ missing: 'The environment no longer holds this key.' });
  const another = { env: { FAL_KEY_1: 'another:key' } };
  expect(await vault(found, another).open()).toEqual({ missing: 'The environment holds another key now.' });
});

test('the platform’s modal key comes with where it is for', async () => {
  const env = { MODAL_API_KEY: 'wk-1', MODAL_API_SECRET: 'ws-1', MODAL_TTS_ENDPOINT: 'https://acme--tts.modal.run' };
  const found = { source: 'environment', provider: 'modal', env_name: 'MODAL_API_KEY' } as const;
  expect(await vault({ ...found, fingerprint: await fingerprint('wk-1') }, { env }).open()).toMatchObject({
    key: 'wk-1',
    secret: 'ws-1',
    config: { endpoint_url: env.MODAL_TTS_ENDPOINT },
  });
});

test('a custom endpoint may go without a key', async () => {
  expect(await vault({ source: 'endpoint' }).open()).toMatchObject({ key: '', config: {} });
});

test('a stale fence opens nothing', async () => {
  expect(await vault(null).open()).toHaveProperty('missing');
});

const sealedFor = (other: Partial<typeof context> & { field?: string }) =>
  seal(keyring, { ...context, ...other }, CANARY);
test.each([
  ['of another row', async () => ({ api_key: await sealedFor({ keyId: 'key_2' }) })],
  ['of another owner', async () => ({ api_key: await sealedFor({ owner: 'user:acct_2' }) })],
  ['of another provider', async () => ({ api_key: await sealedFor({ provider: 'replicate' }) })],
  ['of an older version', async () => ({ api_key: await sealedFor({ version: 1 }) })],
  ['of the other column', async () => ({ api_key: await sealedFor({ field: 'api_secret' }) })],
  ['in clear', async () => ({ api_key: CANARY })],
  ['gone', async () => ({ api_key: null })],
  ['there, but not its secret', async () => ({ api_key: await sealedFor({}), api_secret: await sealedFor({}) })],
  [
    'there, but not its settings',
    async () => ({ api_key: await sealedFor({}), additional_config: { webhook_secret: await sealedFor({}) } }),
  ],
])('a key that is %s is missing, and nothing of it is said or logged', async (_name, found) => {
  const { open, lines } = vault(await found());
  expect(await open()).toEqual({ missing: 'The stored key cannot be opened.' });
  expect(lines).toHaveLength(1);
  expect(lines.join()).toContain(row.key_id);
  expect(lines.join()).not.toContain(CANARY);
});

test('a database that cannot be asked is no verdict on the key', async () => {
  const deps = { db: { keyForAttempt: async () => refused('unavailable') }, keyring, env: {}, log: silent };
  await expect(openKey(deps, { attempt_id: 'att_1', fence: 3 })).rejects.toThrow('unavailable');
  const own = { getSealed: async () => refused('unavailable') } as never;
  await expect(vault({ stored: 'elsewhere' }, { sealed: own }).open()).rejects.toThrow('unavailable');
});
