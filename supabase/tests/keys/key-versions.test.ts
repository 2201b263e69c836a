import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { endAttempt, type Json, makeKey, rpc, succeeded } from '../fixtures.ts';
import { expectSound } from '../sound.ts';
import {
  addKey,
  codeOf,
  keys,
  keyVersions,
  makePerson,
  must,
  type Person,
  replaceKey,
  sealed,
  submit,
} from './people.ts';

let pool: Pool;
let who: Person;
beforeAll(async () => {
  pool = await freshDatabase();
});
beforeEach(async () => {
  who = await makePerson(pool, 100);
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const call = (name: string, ...args: unknown[]) => keys(pool, name, [who.credential, ...args]);
const lane = () => `fal:user:${who.account}`;
const claim = async () => (await rpc(pool, 'worker', 'claim', [lane(), 10])).ok;
const keyOf = (work: Json) => keys(pool, 'key_for_attempt', [work.attempt_id, work.fence]);
const versions = (id: string) => keyVersions(pool, id);
const replace = (id: string, more: Json = {}) => replaceKey(pool, who, id, more);

describe('versions', () => {
  test('an attempt keeps the version that it started with; the ciphertext goes when the last one has ended', async () => {
    const key = await addKey(pool, who, 'fal');
    const old = (await must(call('open_provider_key', key.id))).api_key;
    await must(submit(pool, who, ['fal']));
    const [work] = (await claim()).attempts;
    expect(await must(replace(key.id))).toMatchObject({ version: 2, last4: 'wxyz', state: 'active' });
    expect(await must(keyOf(work))).toMatchObject({ version: 1, api_key: old, owner: `user:${who.account}` });
    await must(keys(pool, 'due_wipes', [100]));
    expect(await versions(key.id)).toMatchObject([
      { version: 1, wiped: false },
      { version: 2, wiped: false },
    ]);
    await endAttempt(pool, work, succeeded());
    await must(keys(pool, 'due_wipes', [100]));
    expect(await versions(key.id)).toEqual([
      { version: 1, wiped: true, there: false },
      { version: 2, wiped: false, there: true },
    ]);
    expect(codeOf(await keyOf(work))).toBe('not_found');
    await must(submit(pool, who, ['fal']));
    const [next] = (await claim()).attempts;
    expect(await must(keyOf(next))).toMatchObject({ version: 2 });
    expect(codeOf(await keys(pool, 'key_for_attempt', [next.attempt_id, 2]))).toBe('not_found');
    await endAttempt(pool, next, succeeded());
  });

  test('a deleted key is picked no more, drains, and is then wiped', async () => {
    await makeKey(pool, 'fal');
    const key = await addKey(pool, who, 'fal');
    await must(submit(pool, who, ['fal']));
    const [work] = (await claim()).attempts;
    await must(submit(pool, who, ['fal']));
    expect(await must(call('delete_provider_key', key.id))).toEqual({
      id: key.id,
      object: 'provider_key',
      deleted: true,
      draining: 1,
    });
    expect(codeOf(await call('get_provider_key', key.id))).toBe('not_found');
    const { attempts, ended } = await claim();
    expect(attempts).toEqual([]);
    expect(ended).toHaveLength(1);
    expect(await must(keyOf(work))).toMatchObject({ key_id: key.id, api_key: expect.stringMatching(/^dkv1/) });
    await endAttempt(pool, work, succeeded());
    await must(keys(pool, 'due_wipes', [100]));
    expect(await versions(key.id)).toEqual([{ version: 1, wiped: true, there: false }]);
    for (const one of ended)
      await rpc(pool, 'callback', 'apply_callback', [
        `cb_${one.attempt_id}_failed`,
        one.attempt_id,
        'failed',
        one.fence,
      ]);
  });

  test('of several replacements at once one wins, and the others are told', async () => {
    const key = await addKey(pool, who, 'fal');
    const answers = await Promise.all(Array.from({ length: 5 }, () => replace(key.id)));
    const codes = answers.map(codeOf).sort();
    expect(codes.filter((code) => code === 'ok').length).toBeGreaterThanOrEqual(1);
    expect(new Set(codes.filter((code) => code !== 'ok')).size).toBeLessThanOrEqual(1);
    const { version } = await must(call('get_provider_key', key.id));
    const seen = (await versions(key.id)).map((one: Json) => one.version);
    expect([seen.length, version]).toEqual([1 + codes.filter((code) => code === 'ok').length, Math.max(...seen)]);
    const stale = { version: 2, last4: 'x', fingerprint: 'y', api_key: sealed() };
    expect(codeOf(await call('replace_provider_key', key.id, stale, {}))).toBe('conflict');
  });

  test('under one idempotency key a replacement is made once, and every part of it counts', async () => {
    const key = await addKey(pool, who, 'fal');
    const prepare = (once: Json) => must(call('prepare_provider_key', { id: key.id, idempotency: once }));
    const { version } = await prepare({});
    const next = { version, last4: 'x', fingerprint: 'same', api_key: sealed() };
    const run = (once: Json) => call('replace_provider_key', key.id, next, once);
    const answers = await Promise.all(Array.from({ length: 5 }, () => run({ key: 'r', request_hash: 'a' })));
    expect(answers.map(codeOf)).toEqual(Array(5).fill('ok'));
    expect(answers.filter(({ ok }) => ok.replayed)).toHaveLength(4);
    expect(await prepare({ key: 'r', request_hash: 'a' })).toMatchObject({ answered: true });
    expect(await prepare({ key: 's', request_hash: 'a' })).toMatchObject({ answered: false, version: 3 });
    expect(codeOf(await run({ key: 'r', request_hash: 'another endpoint_url' }))).toBe('idempotency_mismatch');
    expect((await must(call('get_provider_key', key.id))).version).toBe(2);
  });

  test('a claim that races a replacement or a deletion runs with a version that can be opened', async () => {
    for (let i = 0; i < 8; i++) {
      const key = await addKey(pool, who, 'fal');
      await must(submit(pool, who, ['fal']));
      const [claimed] = await Promise.all([
        claim(),
        i % 2 ? replace(key.id) : call('delete_provider_key', key.id),
        keys(pool, 'due_wipes', [100]),
      ]);
      for (const work of claimed.attempts) {
        expect(codeOf(await keyOf(work))).toBe('ok');
        await endAttempt(pool, work, succeeded());
      }
      for (const one of claimed.ended)
        await rpc(pool, 'callback', 'apply_callback', [
          `cb_${one.attempt_id}_failed`,
          one.attempt_id,
          'failed',
          one.fence,
        ]);
      await call('delete_provider_key', key.id);
    }
  });
});

describe('ciphertext in a database of its own', () => {
  test('leaves none here, and is wiped there when the Worker is told to', async () => {
    const key = await addKey(pool, who, 'fal', {
      api_key: null,
      additional_config: { region: 'eu', webhook_secret: sealed() },
    });
    expect(key).toMatchObject({ additional_config: { region: 'eu' }, secret_fields: ['webhook_secret'] });
    const stored = await must(call('open_provider_key', key.id));
    expect(stored).toMatchObject({ stored: 'elsewhere', api_key: null, additional_config: { region: 'eu' } });
    expect(JSON.stringify(stored)).not.toContain('dkv1.');
    expect(await must(keys(pool, 'due_wipes', [100]))).toEqual([]);
    await must(replace(key.id, { api_key: null }));
    expect(await must(keys(pool, 'due_wipes', [100]))).toEqual([{ key_id: key.id, version: 1 }]);
    expect(await must(keys(pool, 'record_wiped', [key.id, 1]))).toEqual({ recorded: true });
    expect(await must(keys(pool, 'due_wipes', [100]))).toEqual([]);
    expect(await must(keys(pool, 'record_wiped', [key.id, 2]))).toEqual({ recorded: false });
  });
});
