import { describe, expect, test, vi } from 'vitest';
import type { Rewrapped, SealedRow } from '../../shared/db/key-service/sealed-store.ts';
import { ok, refused } from '../../shared/errors/result.ts';
import { loadKeyring } from '../../shared/seal/keyring.ts';
import { toBase64 } from '../../shared/signatures/bytes.ts';
import { fingerprint } from './fingerprint.ts';
import { openSealed, sealKey } from './sealed-key.ts';
import { CANARY, fakeApp, json, KEK, keyring, material } from './testing/fakes.ts';

const NEXT = toBase64(new Uint8Array(32).fill(2));
const both = await loadKeyring({ current: NEXT, previous: KEK });
const owner = 'user:acct_1';

async function sealedRow(key_id: string): Promise<SealedRow> {
  const context = { owner, provider: 'fal', keyId: key_id, version: 1 };
  const secrets = { api_key: CANARY, api_secret: 'second', additional_config: { webhook_secret: 'hook' } };
  const sealed = await sealKey(keyring, context, secrets, null);
  return {
    key_id,
    version: 1,
    owner,
    ...sealed,
    additional_config: sealed.additional_config as Record<string, string>,
  };
}

describe('rotation', () => {
  test('wraps a page anew, and says where to go on', async () => {
    const rows = await Promise.all(Array.from({ length: 50 }, (_, n) => sealedRow(`key_${n}`)));
    const written = new Map<string, Rewrapped>();
    const rewrapSealed = (id: string, _version: number, _before: Rewrapped, after: Rewrapped) => {
      written.set(id, after);
      return ok({ rewrapped: true });
    };
    const { post } = fakeApp({ listSealed: () => ok(rows), rewrapSealed: rewrapSealed as never }, { keyring: both });
    const response = await post('/internal/keys/rotate');
    expect(await json(response)).toEqual({
      rewrapped: 50,
      changed_meanwhile: 0,
      failed: [],
      next: { store: 0, key_id: 'key_49', version: 1 },
      key_encryption_key: both.current.id,
      previous_key_encryption_key: keyring.current.id,
    });
    const onlyNext = await loadKeyring({ current: NEXT });
    const after = written.get('key_7') as Rewrapped;
    expect(await openSealed(onlyNext, material({ key_id: 'key_7', ...after }))).toEqual({
      key: CANARY,
      secret: 'second',
      config: { webhook_secret: 'hook' },
    });
  });

  test('goes through the keys’ own database as well', async () => {
    const own = {
      listSealed: vi.fn(async () => ok([await sealedRow('key_1')])),
      rewrapSealed: async () => ok({ rewrapped: true }),
    };
    const { post } = fakeApp({ listSealed: () => ok([]) }, { keyring: both, sealed: own as never });
    const first = await json(await post('/internal/keys/rotate', { after: null }));
    expect(first).toMatchObject({ rewrapped: 0, next: { store: 1 } });
    expect(await json(await post('/internal/keys/rotate', { after: first.next }))).toMatchObject({
      rewrapped: 1,
      next: null,
    });
    expect(own.listSealed).toHaveBeenCalledWith(both.current.id, null, 50);
  });

  test('what does not open is named and left; what changed meanwhile is somebody’s newer seal', async () => {
    const broken = { ...(await sealedRow('key_1')), owner: 'user:acct_2' };
    const rows = [broken, await sealedRow('key_2')];
    const { post, lines } = fakeApp(
      { listSealed: () => ok(rows), rewrapSealed: () => ok({ rewrapped: false }) },
      { keyring: both },
    );
    expect(await json(await post('/internal/keys/rotate'))).toMatchObject({
      rewrapped: 0,
      changed_meanwhile: 1,
      failed: ['key_1'],
      next: null,
    });
    expect(lines.join()).not.toContain('c4n4ry');
  });

  test('says by id which keys it runs with, and that there is no previous one', async () => {
    const { post } = fakeApp({ listSealed: () => ok([]) });
    const response = await post('/internal/keys/rotate');
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      rewrapped: 0,
      key_encryption_key: keyring.current.id,
      previous_key_encryption_key: null,
    });
    expect(text).not.toContain(KEK);
  });
});

describe('the sweep', () => {
  const quiet = { dueProbes: () => ok([]), dueWipes: () => ok([]), purgeClientTokens: () => ok({ purged: 0 }) };

  test('asks about keys that are out of service, and records what the provider says', async () => {
    const row = material({
      source: 'environment',
      env_name: 'FAL_KEY',
      fingerprint: await fingerprint(CANARY),
      version: 3,
    });
    const recordProbe = vi.fn((..._args: unknown[]) => ok({ recorded: true, state: 'active', lanes: [] }));
    const { post } = fakeApp(
      { ...quiet, dueProbes: () => ok([row]), recordProbe: recordProbe as never },
      { env: { FAL_KEY: CANARY } },
    );
    expect(await json(await post('/internal/keys/sweep'))).toEqual({ probed: 1, recovered: 1, wiped: 0, purged: 0 });
    expect(recordProbe).toHaveBeenCalledWith(row.key_id, 3, { result: 'valid', message: expect.any(String) });
  });

  test('a probe that breaks stops no other', async () => {
    const broken = material({ stored: 'elsewhere' });
    const own = { getSealed: async () => refused('unavailable') };
    const fine = material({ source: 'endpoint', key_id: 'key_2' });
    const recordProbe = () => ok({ recorded: true, state: 'active', lanes: [] });
    const { post } = fakeApp({ ...quiet, dueProbes: () => ok([broken, fine]), recordProbe }, { sealed: own as never });
    expect(await json(await post('/internal/keys/sweep'))).toMatchObject({ probed: 2, recovered: 1 });
  });

  test('wipes in the keys’ own database first, then says so', async () => {
    const order: string[] = [];
    const own = {
      async wipeSealed() {
        order.push('wiped');
        return ok({ wiped: true });
      },
    };
    const recordWiped = () => {
      order.push('recorded');
      return ok({ recorded: true });
    };
    const dueWipes = () => ok([{ key_id: 'key_1', version: 1 }]);
    const { post } = fakeApp({ ...quiet, dueWipes, recordWiped }, { sealed: own as never });
    expect(await json(await post('/internal/keys/sweep'))).toMatchObject({ wiped: 1 });
    expect(order).toEqual(['wiped', 'recorded']);
  });

  test('one part that fails holds up no other, and is told', async () => {
    const { post, calls } = fakeApp({ ...quiet, dueProbes: () => refused('unavailable') });
    expect((await post('/internal/keys/sweep')).status).toBe(503);
    expect(calls.map(({ fn }) => fn)).toEqual(['dueProbes', 'dueWipes', 'purgeClientTokens']);
  });
});
