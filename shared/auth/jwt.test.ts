import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuthAsker } from './ask-auth.ts';
import { createJwtVerifier, remoteKeys, type VerifyUser } from './jwt.ts';

const ISSUER = 'https://project.supabase.test/auth/v1';
const SUB = '0b0f5c0e-5f0a-4b5e-9d3c-8d5f1f6f7a10';
const NOW = Date.parse('2026-11-21T12:00:00Z');
const seconds = NOW / 1000;

let pair: CryptoKeyPair;
let verify: VerifyUser;

beforeAll(async () => {
  pair = (await generateKeyPair('ES256', { extractable: true })) as CryptoKeyPair;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  verify = createJwtVerifier({ issuer: ISSUER, keys: createLocalJWKSet({ keys: [jwk] }), now: () => NOW });
});

const claims = {
  sub: SUB,
  role: 'authenticated',
  email: 'a@b.test',
  iss: ISSUER,
  aud: 'authenticated',
  exp: seconds + 600,
};

const sign = (payload: JWTPayload, header = {}, key: CryptoKey | Uint8Array = pair.privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(key);

test('a good token names its user', async () => {
  expect(await verify(await sign(claims))).toEqual({ ok: true, value: { user_id: SUB, email: 'a@b.test' } });
});

describe('refused', () => {
  test.each<[string, JWTPayload]>([
    ['expired', { ...claims, exp: seconds - 6 }],
    ['no expiry', { ...claims, exp: undefined }],
    ['not yet valid', { ...claims, nbf: seconds + 60 }],
    ['another issuer', { ...claims, iss: 'https://other.supabase.test/auth/v1' }],
    ['another audience', { ...claims, aud: 'other' }],
    ['the anonymous role', { ...claims, role: 'anon' }],
    ['a service role', { ...claims, role: 'service_role' }],
    ['no role', { ...claims, role: undefined }],
    ['no sub', { ...claims, sub: undefined }],
    ['a sub in upper case', { ...claims, sub: SUB.toUpperCase() }],
    ['a sub with a slash', { ...claims, sub: `${SUB}/` }],
    ['a sub with a query', { ...claims, sub: `${SUB}?x=1` }],
    ['a numeric sub', { ...claims, sub: 1 as unknown as string }],
  ])('%s', async (_name, payload) => {
    expect(await verify(await sign(payload))).toMatchObject({ refusal: { code: 'unauthenticated' } });
  });

  test('alg none, a shared secret, and the public key as a shared secret', async () => {
    const unsigned = new UnsecuredJWT(claims).encode();
    expect(await verify(unsigned)).toMatchObject({ refusal: { code: 'unauthenticated' } });
    const spki = new TextEncoder().encode(JSON.stringify(await exportJWK(pair.publicKey)));
    expect(await verify(await sign(claims, { alg: 'HS256' }, spki))).toMatchObject({
      refusal: { code: 'unauthenticated' },
    });
  });

  test('an algorithm that the key could do, and that is not ours', async () => {
    const rsa = await generateKeyPair('PS256', { extractable: true });
    const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'k1' };
    const keys = createLocalJWKSet({ keys: [jwk] });
    const token = await sign(claims, { alg: 'PS256' }, rsa.privateKey);
    const verifyRsa = createJwtVerifier({ issuer: ISSUER, keys, now: () => NOW });
    expect(await verifyRsa(token)).toMatchObject({ refusal: { code: 'unauthenticated' } });
  });

  test('an unknown key id, and a signature by somebody else', async () => {
    expect(await verify(await sign(claims, { kid: 'k2' }))).toMatchObject({ refusal: { code: 'unauthenticated' } });
    const other = await generateKeyPair('ES256');
    expect(await verify(await sign(claims, {}, other.privateKey))).toMatchObject({
      refusal: { code: 'unauthenticated' },
    });
  });

  test.each(['a.b.c', '..', 'eyJ.eyJ.x'])('%s', async (token) => {
    expect(await verify(token)).toMatchObject({ refusal: { code: 'unauthenticated' } });
  });
});

test('key server down: nobody is called a liar', async () => {
  const down = createJwtVerifier({ issuer: ISSUER, keys: remoteKeys('http://127.0.0.1:9/jwks.json'), now: () => NOW });
  expect(await down(await sign(claims))).toMatchObject({ refusal: { code: 'unavailable' } });
});

describe('asking Supabase Auth', () => {
  const asker = (respond: () => Response | Promise<Response>) =>
    createAuthAsker({ supabaseUrl: 'https://project.supabase.test', anonKey: 'anon', fetch: async () => respond() });

  test('takes its word', async () => {
    expect(await asker(() => Response.json({ id: SUB, email: '' }))('t')).toEqual({
      ok: true,
      value: { user_id: SUB },
    });
    expect(await asker(() => new Response('{}', { status: 403 }))('t')).toMatchObject({
      refusal: { code: 'unauthenticated' },
    });
    expect(await asker(() => Response.json(null))('t')).toMatchObject({ refusal: { code: 'unauthenticated' } });
  });

  test('is unavailable when it is', async () => {
    expect(await asker(() => new Response('', { status: 502 }))('t')).toMatchObject({
      refusal: { code: 'unavailable' },
    });
    const thrown = asker(() => {
      throw new TypeError('fetch failed');
    });
    expect(await thrown('t')).toMatchObject({ refusal: { code: 'unavailable' } });
  });
});
