import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { toBase64, toBase64Url } from '../signatures/bytes.ts';
import { formatEnvelope, parseEnvelope } from './envelope.ts';
import { type Keyring, loadKeyring } from './keyring.ts';
import { rewrap, type SealContext, seal, unseal } from './seal.ts';

const kek = (fill: number) => toBase64(new Uint8Array(32).fill(fill));
const context: SealContext = { owner: 'user:acct_1', provider: 'fal', keyId: 'key_1', version: 1 };
const SECRET = 'c4n4ry:key';

let keyring: Keyring;
let sealed: string;
beforeAll(async () => {
  keyring = await loadKeyring({ current: kek(1) });
  sealed = await seal(keyring, context, SECRET);
});

const opens = async (text: string, with_: Partial<SealContext> = {}) =>
  (await unseal(keyring, { ...context, ...with_ }, text)).ok;

/** The binary parts of an envelope, one after another. */
const parts = (text: string) => {
  const envelope = parseEnvelope(text);
  if (!envelope) throw new Error('not an envelope');
  return envelope;
};

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

test('opens what it sealed and does not show it', async () => {
  expect(await unseal(keyring, context, sealed)).toEqual({ ok: true, secret: SECRET });
  expect(sealed).toMatch(/^dkv1\.[0-9a-f]{8}\.[\w-]{80}\.[\w-]+$/);
  expect(sealed).not.toContain('c4n4ry');
});

test('any text survives, no two seals are alike', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (secret) => {
      const [one, two] = [await seal(keyring, context, secret), await seal(keyring, context, secret)];
      expect(one).not.toBe(two);
      expect(await unseal(keyring, context, one)).toEqual({ ok: true, secret });
    }),
    { numRuns: 50 },
  );
});

test('every flipped bit is noticed', async () => {
  const envelope = parts(sealed);
  for (let bit = 0; bit < envelope.wrappedKey.length * 8; bit++) {
    expect(await opens(formatEnvelope({ ...envelope, wrappedKey: flip(envelope.wrappedKey, bit) }))).toBe(false);
  }
  for (let bit = 0; bit < envelope.sealed.length * 8; bit++) {
    expect(await opens(formatEnvelope({ ...envelope, sealed: flip(envelope.sealed, bit) }))).toBe(false);
  }
});

test('every other character at any place is noticed', async () => {
  for (let at = 0; at < sealed.length; at++) {
    for (const char of ['A', 'z', '0', '.', '=', ' ', '\n']) {
      if (sealed[at] !== char) expect(await opens(sealed.slice(0, at) + char + sealed.slice(at + 1))).toBe(false);
    }
  }
});

test('every truncation and every addition is noticed', async () => {
  for (let length = 0; length < sealed.length; length++) expect(await opens(sealed.slice(0, length))).toBe(false);
  for (const more of ['A', '=', '.', '\n', ' ', '.AAAA', sealed]) {
    expect(await opens(sealed + more)).toBe(false);
    expect(await opens(more + sealed)).toBe(false);
  }
});

test.each([
  ['owner', { owner: 'user:acct_2' }],
  ['provider', { provider: 'replicate' }],
  ['key', { keyId: 'key_2' }],
  ['version', { version: 2 }],
  ['column', { field: 'api_secret' }],
])('another %s cannot open it', async (_name, other) => {
  expect(await opens(sealed, other)).toBe(false);
});

test('parts of two texts cannot be mixed, even of the same context', async () => {
  const [one, two] = [parts(sealed), parts(await seal(keyring, context, 'another'))];
  expect(await opens(formatEnvelope({ ...one, sealed: two.sealed }))).toBe(false);
  expect(await opens(formatEnvelope({ ...one, wrappedKey: two.wrappedKey }))).toBe(false);
});

test('a secret cannot move to another row of the same owner with the same data key', async () => {
  const sibling = await seal(keyring, { ...context, keyId: 'key_2' }, 'other', sealed);
  expect(await opens(sibling)).toBe(false);
  expect(await opens(sibling, { keyId: 'key_2' })).toBe(true);
  expect(await opens(formatEnvelope({ ...parts(sealed), sealed: parts(sibling).sealed }))).toBe(false);
});

test('contexts that would read alike when joined are refused', async () => {
  const bad = [{ owner: 'a|b' }, { provider: '' }, { keyId: 'k|1' }, { version: 1.5 }, { version: Number.NaN }];
  for (const other of bad) {
    await expect(seal(keyring, { ...context, ...other }, SECRET)).rejects.toThrow('without bars');
  }
});

test('random contexts open for themselves only', async () => {
  const part = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes('|'));
  const contexts = fc.record({ owner: part, provider: part, keyId: part, version: fc.nat() });
  await fc.assert(
    fc.asyncProperty(contexts, contexts, async (one, two) => {
      const text = await seal(keyring, one, SECRET);
      const same = JSON.stringify(one) === JSON.stringify(two);
      expect((await unseal(keyring, two, text)).ok).toBe(same);
      expect((await unseal(keyring, one, text)).ok).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('nothing random opens or throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `dkv1.${keyring.current.id}.${text}`),
      ),
      async (text) => {
        expect(await opens(text)).toBe(false);
        expect(await rewrap(keyring, context.owner, text)).toBeNull();
      },
    ),
    { numRuns: 100 },
  );
});

test.each(['', '\uD800', 'x'.repeat(16_385)])('refuses a secret that could not come back (%#)', async (secret) => {
  await expect(seal(keyring, context, secret)).rejects.toThrow('1 to 16,384 bytes');
});

describe('rotation', () => {
  test('the previous key opens, the current one seals, and rewrapping moves a text over', async () => {
    const rotating = await loadKeyring({ current: kek(2), previous: kek(1) });
    expect((await unseal(rotating, context, sealed)).ok).toBe(true);
    const moved = await rewrap(rotating, context.owner, sealed);
    expect(parts(moved ?? '').kekId).toBe(rotating.current.id);
    expect(parts(moved ?? '').sealed).toEqual(parts(sealed).sealed);

    const rotated = await loadKeyring({ current: kek(2) });
    expect(await unseal(rotated, context, moved ?? '')).toEqual({ ok: true, secret: SECRET });
    expect(await unseal(rotated, context, sealed)).toEqual({ ok: false, reason: 'unknown_kek' });
    expect(await rewrap(rotated, context.owner, moved ?? '')).toBe(moved);
    expect(await rewrap(rotated, context.owner, sealed)).toBeNull();
  });

  test('a text that claims the wrong key-encryption key does not open', async () => {
    const rotating = await loadKeyring({ current: kek(2), previous: kek(1) });
    const relabelled = formatEnvelope({ ...parts(sealed), kekId: rotating.current.id });
    expect(await unseal(rotating, context, relabelled)).toEqual({ ok: false, reason: 'tampered' });
    expect(await rewrap(rotating, context.owner, relabelled)).toBeNull();
  });

  test('a data key is not rewrapped for another owner', async () => {
    const rotating = await loadKeyring({ current: kek(2), previous: kek(1) });
    expect(await rewrap(rotating, 'user:acct_2', sealed)).toBeNull();
  });

  test('a sibling under the previous key lends its data key, wrapped anew', async () => {
    const rotating = await loadKeyring({ current: kek(2), previous: kek(1) });
    const sibling = await seal(rotating, { ...context, keyId: 'key_2' }, 'other', sealed);
    expect(parts(sibling).kekId).toBe(rotating.current.id);
    expect(await unseal(await loadKeyring({ current: kek(2) }), { ...context, keyId: 'key_2' }, sibling)).toMatchObject(
      {
        secret: 'other',
      },
    );
  });
});

test.each([
  '',
  'short',
  toBase64(new Uint8Array(31)),
  toBase64(new Uint8Array(33)),
  toBase64Url(new Uint8Array(32).fill(255)),
  `${kek(1)}\n`,
])('a key-encryption key that is not 32 bytes of base64 stops the Worker (%#)', async (current) => {
  await expect(loadKeyring({ current })).rejects.toThrow('32 bytes');
});
