import { hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveWebhookSecret } from './derive.ts';
import { decodeSecret, encodeSecret } from './secret.ts';

const master = encodeSecret(new Uint8Array(32).fill(5));

test('is HKDF-SHA256 of the master key, account and version, and a valid secret', async () => {
  const derived = await deriveWebhookSecret({ master, accountId: 'acct_1', version: 2 });
  const bytes = hkdfSync('sha256', Buffer.alloc(32, 5), 'darkroom webhook secrets', 'webhook|acct_1|2', 32);
  expect(derived).toBe(encodeSecret(new Uint8Array(bytes)));
  expect(decodeSecret(derived)).toHaveLength(32);
});

test('another account, version or master gives another secret', async () => {
  const variants = [
    { master, accountId: 'acct_1', version: 1 },
    { master, accountId: 'acct_1', version: 2 },
    { master, accountId: 'acct_2', version: 1 },
    { master: encodeSecret(new Uint8Array(32).fill(6)), accountId: 'acct_1', version: 1 },
  ];
  const secrets = await Promise.all(variants.map(deriveWebhookSecret));
  expect(new Set(secrets).size).toBe(variants.length);
});

test('refuses a bad master, account or version', async () => {
  await expect(deriveWebhookSecret({ master: 'whsec_', accountId: 'acct_1', version: 1 })).rejects.toThrow(TypeError);
  await expect(deriveWebhookSecret({ master, accountId: 'a|b', version: 1 })).rejects.toThrow(TypeError);
  await expect(deriveWebhookSecret({ master, accountId: 'acct_1', version: -1 })).rejects.toThrow(TypeError);
});
