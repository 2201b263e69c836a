import { expect, test, vi } from 'vitest';
import type { KeyForAttempt } from '../../shared/db/keys.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import { createLog } from '../../shared/log/log.ts';
import { loadKeyring } from '../../shared/seal/keyring.ts';
import { seal } from '../../shared/seal/seal.ts';
import { toBase64 } from '../../shared/signatures/bytes.ts';
import { fingerprint } from './fingerprint.ts';
import { openKey } from './open-key.ts';

const keyring = await loadKeyring({ current: toBase64(new Uint8Array(32).fill(1)) });
const CANARY = 'c4n4ry-provider-key-c4n4ry';
const row: KeyForAttempt = {
  key_id: 'key_1',
  version: 2,
  provider: 'fal',
  owner: 'user:acct_1',
  source: 'sealed',
  stored: 'here',
  env_name: null,
  fingerprint: await fingerprint(CANARY),
  api_key: null,
  api_secret: null,
  additional_config: {},
};
const context = { owner: row.owner, provider: row.provider, keyId: row.key_id, version: row.version };

function vault(found: Partial<KeyForAttempt> | null, env: Record<string, unknown> = {}) {
  const lines: string[] = [];
  const keyForAttempt = vi.fn(async () => (found ? ok({ ...row, ...found }) : refused('not_found')));
  const deps = {
    db: { keyForAttempt },
    keyring,
    env,
    log: createLog({ worker: 'keys', write: (line) => lines.push(line) }),
  };
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
    key_id: 'key_1',
    version: 2,
  });
  expect(keyForAttempt).toHaveBeenCalledWith('att_1', 3);
  expect(lines).toEqual([]);
});

test('an environment key is read by its name', async () => {
  const found = { source: 'environment' as const, env_name: 'FAL_KEY_1', owner: 'platform' };
  expect(await vault(found, { FAL_KEY_1: CANARY }).open()).toEqual({
    key: CANARY,
    config: {},
    key_id: 'key_1',
    version: 2,
  });
  expect(await vault(found, {}).open()).toEqual({ missing: 'The environment no longer holds this key.' });
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
  expect(lines.join()).toContain('key_1');
  expect(lines.join()).not.toContain(CANARY);
});

test('a database that cannot be asked is no verdict on the key', async () => {
  const deps = { db: { keyForAttempt: async () => refused('unavailable') }, keyring, env: {}, log: () => {} };
  await expect(openKey(deps, { attempt_id: 'att_1', fence: 3 })).rejects.toThrow('unavailable');
});
