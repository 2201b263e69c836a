import { Receiver } from '@upstash/qstash';
import { type JWTPayload, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { sha256, toBase64, toBase64Url, toBytes } from './bytes.ts';
import { verifyQStash } from './qstash.ts';

const currentKey = 'sig_current_0123456789abcdefghij';
const nextKey = 'sig_next_0123456789abcdefghijkl';
const url = 'https://darkroom.example/internal/wake';
const body = '{"lane":"vision-nova/platform"}';
const now = Date.now();
const seconds = Math.floor(now / 1000);

async function claims(change: JWTPayload = {}): Promise<JWTPayload> {
  const hash = toBase64Url(await sha256(body));
  return {
    iss: 'Upstash',
    sub: url,
    iat: seconds,
    nbf: seconds,
    exp: seconds + 300,
    jti: 'jwt_1',
    body: hash,
    ...change,
  };
}

async function token(change: JWTPayload = {}, key = currentKey, alg = 'HS256') {
  return new SignJWT(await claims(change)).setProtectedHeader({ alg, typ: 'JWT' }).sign(toBytes(key));
}

const check = (jwt: string | null, more: object = {}) =>
  verifyQStash({ jwt, body, url, currentKey, nextKey, now, ...more });

test('accepts the current and the next key, and a padded body hash', async () => {
  expect(await check(await token())).toEqual({ ok: true, jti: 'jwt_1' });
  expect(await check(await token({}, nextKey))).toMatchObject({ ok: true });
  const padded = toBase64(await sha256(body))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  expect(await check(await token({ body: padded }))).toMatchObject({ ok: true });
});

test.each([
  ['another key', {}, 'sig_other_0123456789abcdefghij'],
  ['another issuer', { iss: 'upstash' }],
  ['another path', { sub: `${url}/` }],
  ['a query', { sub: `${url}?x=1` }],
  ['another case', { sub: url.toUpperCase() }],
  ['no subject', { sub: undefined }],
  ['no exp', { exp: undefined }],
  ['no nbf', { nbf: undefined }],
  ['no jti', { jti: undefined }],
  ['no body hash', { body: undefined }],
  ['another body', { body: toBase64Url(toBytes('x'.repeat(32))) }],
  ['an expired token', { exp: seconds - 31 }],
  ['a token of the future', { nbf: seconds + 40 }],
] as [string, JWTPayload, string?][])('refuses %s', async (_, change, key) => {
  expect((await check(await token(change, key))).ok).toBe(false);
});

test('refuses other algorithms, none, junk, nothing and monsters', async () => {
  expect((await check(await token({}, currentKey.repeat(3), 'HS512'), { currentKey: currentKey.repeat(3) })).ok).toBe(
    false,
  );
  const part = (value: object) => toBase64Url(toBytes(JSON.stringify(value)));
  expect((await check(`${part({ alg: 'none' })}.${part(await claims())}.`)).ok).toBe(false);
  for (const jwt of [null, '', 'a.b.c', 'x'.repeat(5000)]) expect((await check(jwt)).ok).toBe(false);
});

test.each(['', 'short'])('refuses to work with %j as a key', async (key) => {
  expect(await check(await token(), { currentKey: key })).toEqual({ ok: false, reason: 'keys' });
  expect(await check(await token(), { nextKey: key })).toEqual({ ok: false, reason: 'keys' });
});

test('reads the injected clock, not the wall', async () => {
  expect((await check(await token(), { now: now + 329_000 })).ok).toBe(true);
  expect((await check(await token(), { now: now + 331_000 })).ok).toBe(false);
});

describe('why not the vendor’s Receiver', () => {
  const receiver = new Receiver({ currentSigningKey: currentKey, nextSigningKey: nextKey, devMode: false });
  const vendor = (signature: string) => receiver.verify({ signature, body, url }).catch(() => false);

  test('both accept what QStash sends', async () => {
    const jwt = await token();
    expect(await vendor(jwt)).toBe(true);
    expect((await check(jwt)).ok).toBe(true);
  });

  test.each([
    ['a token that never expires', { exp: undefined, nbf: undefined }, 'HS256'],
    ['another algorithm', {}, 'HS384'],
  ])('it accepts %s; ours does not', async (_, change, alg) => {
    const long = `${currentKey}${currentKey}`;
    const lax = new Receiver({ currentSigningKey: long, nextSigningKey: nextKey, devMode: false });
    const jwt = await token(change, long, alg);
    expect(await lax.verify({ signature: jwt, body, url })).toBe(true);
    expect((await check(jwt, { currentKey: long })).ok).toBe(false);
  });
});
