import { expect, test } from 'vitest';
import { createFalKeys } from './fal-hook.ts';

const DAY = 24 * 3_600_000;

async function jwk() {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  return crypto.subtle.exportKey('jwk', (pair as CryptoKeyPair).publicKey);
}

async function setup() {
  const world = { now: 0, asked: 0, up: true, keys: [await jwk()] as unknown[] };
  const fetch = async () => {
    world.asked++;
    if (!world.up) throw new TypeError('fetch failed');
    return Response.json({ keys: world.keys });
  };
  return { world, keys: createFalKeys({ fetch, now: () => world.now, url: 'https://keys.test/jwks.json' }) };
}

test('keeps the keys for a day, and no longer', async () => {
  const { world, keys } = await setup();
  expect(await keys()).toHaveLength(1);
  world.now = DAY - 1;
  await keys();
  expect(world.asked).toBe(1);
  world.now = DAY;
  await keys();
  expect(world.asked).toBe(2);
});

test('asks again when asked to, at most once a minute', async () => {
  const { world, keys } = await setup();
  await keys();
  world.keys.push(await jwk());
  world.now = 59_999;
  expect(await keys(true)).toHaveLength(1);
  world.now = 60_000;
  expect(await keys(true)).toHaveLength(2);
  await keys(true);
  expect(world.asked).toBe(2);
});

test('young keys outlive an outage; without any it rejects', async () => {
  const { world, keys } = await setup();
  world.up = false;
  await expect(keys()).rejects.toThrow('cannot be had');
  world.up = true;
  await keys();
  world.up = false;
  world.now = DAY - 1;
  expect(await keys(true)).toHaveLength(1);
  world.now = DAY;
  await expect(keys()).rejects.toThrow('cannot be had');
});

test('passes over keys that are not Ed25519, and refuses a set without one', async () => {
  const { world, keys } = await setup();
  world.keys.unshift({ kty: 'RSA', n: 'x', e: 'AQAB' });
  expect(await keys()).toHaveLength(1);
  world.keys = [{ kty: 'RSA', n: 'x', e: 'AQAB' }];
  world.now = DAY;
  await expect(keys()).rejects.toThrow('cannot be had');
});
