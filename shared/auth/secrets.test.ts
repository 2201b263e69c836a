import { crc32 as reference } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { crc32 } from './crc32.ts';
import { checksum, mintSecret, secretKind, sha256Hex } from './secrets.ts';

describe.each(['api_key', 'client_token'] as const)('%s', (kind) => {
  test('a minted secret is recognised, and no two are alike', () => {
    const minted = Array.from({ length: 200 }, () => mintSecret(kind));
    expect(minted.every((secret) => secretKind(secret) === kind)).toBe(true);
    expect(new Set(minted).size).toBe(200);
  });

  test('any one changed character is noticed offline', () => {
    const secret = mintSecret(kind);
    for (let at = 0; at < secret.length; at++) {
      const other = secret[at] === 'x' ? 'y' : 'x';
      expect(secretKind(secret.slice(0, at) + other + secret.slice(at + 1))).toBeNull();
    }
  });
});

test('has the documented form', () => {
  expect(mintSecret('api_key')).toMatch(/^dk_live_[0-9A-Za-z]{49}$/);
  const body = `dk_live_${'0'.repeat(43)}`;
  expect(secretKind(body + checksum(body))).toBe('api_key');
});

test.each([
  '',
  'dk_live_',
  `dk_live_${'a'.repeat(49)}`,
  `dk_test_${'a'.repeat(49)}`,
  'é'.repeat(57),
  `dk_live_${'-'.repeat(49)}`,
])('not a secret: %j', (text) => {
  expect(secretKind(text)).toBeNull();
});

test('CRC-32 and SHA-256 are the standard ones', async () => {
  for (const text of ['', 'a', '123456789', 'dk_live_é']) {
    expect(crc32(new TextEncoder().encode(text))).toBe(reference(text));
  }
  expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
