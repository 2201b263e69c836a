import { expect, test } from 'vitest';
import { ok } from '../errors/result.ts';
import { credentialOf, subjectOf } from './credential.ts';
import type { VerifyUser } from './jwt.ts';
import { mintSecret, sha256Hex } from './secrets.ts';

const asked: string[] = [];
const verify: VerifyUser = async (token) => {
  asked.push(token);
  return ok({ user_id: 'u1' });
};
const of = (headers: Record<string, string>) => credentialOf(new Headers(headers), verify);

test('an API key in either header, a client token as bearer', async () => {
  const key = mintSecret('api_key');
  const credential = { ok: true, value: { kind: 'api_key', hash: await sha256Hex(key) } };
  expect(await of({ 'x-api-key': key })).toEqual(credential);
  expect(await of({ authorization: `Bearer ${key}` })).toEqual(credential);
  expect(await of({ authorization: `bearer  ${key}`, 'x-api-key': key })).toEqual(credential);
  expect(await of({ authorization: `Bearer ${mintSecret('client_token')}` })).toMatchObject({
    value: { kind: 'client_token' },
  });
});

test('a token in three parts goes to the verifier, from the authorization header only', async () => {
  expect(await of({ authorization: 'Bearer a.b.c' })).toEqual({ ok: true, value: { kind: 'jwt', user_id: 'u1' } });
  expect(await of({ 'x-api-key': 'a.b.c' })).toMatchObject({ refusal: { code: 'unauthenticated' } });
  expect(asked).toEqual(['a.b.c']);
});

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['an empty key', { 'x-api-key': '' }],
  ['a key with a typo', { 'x-api-key': `${mintSecret('api_key').slice(0, -1)}-` }],
  ['basic', { authorization: 'Basic dXNlcjpwYXNz' }],
  ['bearer without a token', { authorization: 'Bearer ' }],
  ['two credentials', { 'x-api-key': mintSecret('api_key'), authorization: `Bearer ${mintSecret('api_key')}` }],
  ['two keys in one header', { 'x-api-key': `${mintSecret('api_key')}, ${mintSecret('api_key')}` }],
  ['ten kilobytes', { authorization: `Bearer ${'a'.repeat(5_000)}.${'b'.repeat(5_000)}.c` }],
])('401 without asking anybody: %s', async (_name, headers) => {
  asked.length = 0;
  expect(await of(headers)).toMatchObject({ refusal: { code: 'unauthenticated' } });
  expect(asked).toEqual([]);
});

test('the subject names the caller and not the secret', async () => {
  expect(subjectOf({ kind: 'jwt', user_id: 'u1' })).toBe('user:u1');
  expect(subjectOf({ kind: 'api_key', hash: 'abc' })).toBe('abc');
});
