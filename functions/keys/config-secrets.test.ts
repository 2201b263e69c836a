import { expect, test } from 'vitest';
import { joinConfig, splitConfig } from './config-secrets.ts';

const config = {
  endpoint_url: 'https://mine.example.org/v1',
  region: 'eu',
  bearer: 'c4n4ry',
  auth: { user: 'c4n4ry', region: 'c4n4ry', port: 443, tls: true },
  headers: [{ 'x-signature': 'c4n4ry' }, 'c4n4ry', 7, null],
  project: { id: 'c4n4ry' },
  empty: '',
  retries: 3,
};

test('every text is a secret, at any depth, but for the few names at the top that are known not to be', () => {
  const { clear, secret } = splitConfig(config);
  expect(clear).toEqual({
    endpoint_url: 'https://mine.example.org/v1',
    region: 'eu',
    auth: { port: 443, tls: true },
    headers: [{}, null, 7, null],
    project: {},
    empty: '',
    retries: 3,
  });
  expect(Object.keys(secret)).toEqual([
    'bearer',
    'auth/user',
    'auth/region',
    'headers/0/x-signature',
    'headers/1',
    'project/id',
  ]);
});

test('both together are what was given', () => {
  const { clear, secret } = splitConfig(config);
  expect(joinConfig(clear, secret)).toEqual(config);
  expect(clear.auth).toEqual({ port: 443, tls: true });
});

test('a text that looks like an envelope is sealed under any name', () => {
  expect(splitConfig({ region: 'dkv1.x' })).toEqual({ clear: {}, secret: { region: 'dkv1.x' } });
});

test('a path leads into the settings and nowhere else', () => {
  joinConfig({}, { '__proto__/polluted': 'x', 'constructor/prototype/polluted': 'x' });
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.getPrototypeOf(joinConfig({}, JSON.parse('{"__proto__": "x"}')))).toBe(Object.prototype);
});
