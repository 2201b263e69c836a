import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hookToken, verifyHookToken } from './hook-token.ts';
import { encodeSecret } from './secret.ts';

const secret = encodeSecret(new Uint8Array(32).fill(3));
const old = encodeSecret(new Uint8Array(32).fill(4));
const parts = { attemptId: 'att_01', keyId: 'key_02', version: 3 };

test('a token says which key and version it was made for', async () => {
  const token = await hookToken({ ...parts, secret });
  expect(token).toMatch(/^key_02\.3\.[A-Za-z0-9_-]{43}$/);
  expect(await verifyHookToken({ token, attemptId: 'att_01', secrets: [secret] })).toEqual({
    keyId: 'key_02',
    version: 3,
  });
});

test('the previous secret still opens tokens after a rotation, a foreign one never', async () => {
  const token = await hookToken({ ...parts, secret: old });
  expect(await verifyHookToken({ token, attemptId: 'att_01', secrets: [secret, old] })).not.toBeNull();
  expect(await verifyHookToken({ token, attemptId: 'att_01', secrets: [secret] })).toBeNull();
});

test('a token opens one attempt only', async () => {
  const token = await hookToken({ ...parts, secret });
  expect(await verifyHookToken({ token, attemptId: 'att_02', secrets: [secret] })).toBeNull();
});

test.each(['', '..', 'key_02.3.', 'key_02.3', 'key_02.03.AAAA', 'key_02.-3.AAAA', 'a.b.c.d', 'key|02.3.AAAA'])(
  'refuses %j',
  async (token) => {
    expect(await verifyHookToken({ token, attemptId: 'att_01', secrets: [secret] })).toBeNull();
  },
);

test('refuses to sign what could be read in two ways', async () => {
  await expect(hookToken({ ...parts, keyId: 'key|1', secret })).rejects.toThrow(TypeError);
  await expect(hookToken({ ...parts, version: 1.5, secret })).rejects.toThrow(TypeError);
  await expect(hookToken({ ...parts, secret: '' })).rejects.toThrow(TypeError);
});

test('no changed character survives', async () => {
  const token = await hookToken({ ...parts, secret });
  const alphabet = 'ABCxyz019_-.';
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...alphabet), async (at, character) => {
      fc.pre(token[at] !== character);
      const forged = token.slice(0, at) + character + token.slice(at + 1);
      expect(await verifyHookToken({ token: forged, attemptId: 'att_01', secrets: [secret] })).toBeNull();
    }),
    { numRuns: 80 },
  );
});
