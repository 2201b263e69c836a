import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { type Account, type Json, makeKey, rpc, sha256 } from '../fixtures.ts';
import { codeOf, keys, makeApiKey, makeOperator, makeOrganization, makePerson, must, type Person } from './people.ts';

let pool: Pool;
let who: Person;
beforeAll(async () => {
  pool = await freshDatabase();
  await makeKey(pool, 'replicate', { slots: 1000 });
});
beforeEach(async () => {
  who = await makePerson(pool, 1000);
});
afterAll(() => pool.end());

const call = (name: string, ...args: unknown[]) => keys(pool, name, [who.credential, ...args]);
const works = async (key: Account, clock?: string) =>
  codeOf(await rpc(pool, 'submit', 'credits', [key.credential, null], clock));
const make = async (maker: Account, options: Json = {}) => {
  const body = { name: 'n', scopes: ['jobs'], prefix: 'dk_live_x', hash: sha256(randomUUID()), ...options };
  return keys(pool, 'create_api_key', [maker.credential, body, {}]);
};
const roll = async (key: { id: string }, overlap_seconds: number) => {
  const hash = sha256(randomUUID());
  const made = await must(call('roll_api_key', key.id, { prefix: 'dk_live_y', hash, overlap_seconds }, {}));
  return { made, account: who.account, credential: { kind: 'api_key', hash } };
};

describe('a key', () => {
  test('is shown without hash or secret, with what it may do', async () => {
    const options = { allowed_models: ['flux-dev'], monthly_credit_cap: 50, rate_limit_per_minute: 10 };
    const { id } = await makeApiKey(pool, who, { ...options, expires_at: '2030-01-01T00:00:00Z' });
    const shown = await must(call('get_api_key', id));
    expect(shown).toMatchObject({
      id: expect.stringMatching(/^ak_/),
      object: 'api_key',
      name: 'test',
      prefix: 'dk_live_abcd',
      scopes: ['jobs'],
      ...options,
      status: 'active',
      expires_at: '2030-01-01T00:00:00.000Z',
      cap_used: 0,
      user_id: who.user,
    });
    expect(JSON.stringify(shown)).not.toMatch(/[0-9a-f]{64}/);
    expect((await must(call('list_api_keys', {}))).data).toMatchObject([{ id }]);
  });

  test('is revoked at once, and its last use is seen', async () => {
    const key = await makeApiKey(pool, who);
    expect(await works(key)).toBe('ok');
    expect((await must(call('get_api_key', key.id))).last_used_at).not.toBeNull();
    expect(await must(call('revoke_api_key', key.id))).toMatchObject({ status: 'revoked' });
    expect(await works(key)).toBe('unauthenticated');
    expect(codeOf(await call('revoke_api_key', key.id))).toBe('ok');
    expect(codeOf(await call('patch_api_key', key.id, { name: 'x' }))).toBe('invalid_state');
  });

  test('ends when it expires, not before', async () => {
    const key = await makeApiKey(pool, who, { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    expect([await works(key, '59 minutes'), await works(key, '61 minutes')]).toEqual(['ok', 'unauthenticated']);
  });

  test('is patched; null takes a limit away', async () => {
    const { id } = await makeApiKey(pool, who, { monthly_credit_cap: 50, allowed_models: ['flux-dev'] });
    const patched = await must(
      call('patch_api_key', id, { name: 'new', monthly_credit_cap: null, allowed_models: null, scopes: ['billing'] }),
    );
    expect(patched).toMatchObject({
      name: 'new',
      monthly_credit_cap: null,
      allowed_models: null,
      scopes: ['billing'],
    });
  });

  test('is made once under an Idempotency-Key; the replay shows no secret and says so', async () => {
    const once = { key: 'k', request_hash: 'h' };
    const body = () => ({ name: 'n', scopes: ['jobs'], prefix: 'p', hash: sha256(randomUUID()) });
    const first = await must(call('create_api_key', body(), once));
    expect(await must(call('create_api_key', body(), once))).toMatchObject({ id: first.id, replayed: true });
  });
});

describe('rolling', () => {
  test('both work during the overlap, then only the new one', async () => {
    const old = await makeApiKey(pool, who, { scopes: ['jobs', 'billing'], allowed_models: ['flux-dev'] });
    const next = await roll(old, 600);
    expect(next.made).toMatchObject({
      scopes: ['jobs', 'billing'],
      allowed_models: ['flux-dev'],
      rolled_from: { id: old.id },
    });
    expect([await works(old, '9 minutes'), await works(next, '9 minutes')]).toEqual(['ok', 'ok']);
    expect([await works(old, '11 minutes'), await works(next, '11 minutes')]).toEqual(['unauthenticated', 'ok']);
    expect(await must(call('get_api_key', old.id))).toMatchObject({ replaced_by: next.made.id });
  });

  test('without overlap the old one ends at once; a key is rolled once, and not after its end', async () => {
    const old = await makeApiKey(pool, who);
    const next = await roll(old, 0);
    expect([await works(old), await works(next)]).toEqual(['unauthenticated', 'ok']);
    const again = { prefix: 'p', hash: sha256(randomUUID()), overlap_seconds: 0 };
    expect(codeOf(await call('roll_api_key', old.id, again, {}))).toBe('invalid_state');
    await must(call('revoke_api_key', next.made.id));
    expect(codeOf(await call('roll_api_key', next.made.id, again, {}))).toBe('invalid_state');
  });

  test('an overlap does not lengthen a life that ends sooner', async () => {
    const old = await makeApiKey(pool, who, { expires_at: new Date(Date.now() + 60_000).toISOString() });
    const { made } = await roll(old, 3600);
    expect(Date.parse(made.rolled_from.expires_at)).toBeLessThan(Date.now() + 61_000);
    expect(Date.parse(made.expires_at)).toBeLessThan(Date.now() + 61_000);
  });
});

describe('what is over stays over', () => {
  test('a key that was rolled is not revived, nor changed at all', async () => {
    const old = await makeApiKey(pool, who);
    const { made } = await roll(old, 60);
    for (const patch of [{ expires_at: null }, { expires_at: '2030-01-01T00:00:00Z' }, { scopes: ['keys'] }]) {
      const { refusal } = await call('patch_api_key', old.id, patch);
      expect(refusal).toMatchObject({ code: 'invalid_state', replaced_by: made.id });
    }
    expect([await works(old, '59 seconds'), await works(old, '61 seconds')]).toEqual(['ok', 'unauthenticated']);
  });

  test('none is made that has ended already', async () => {
    const answer = await make(who, { expires_at: new Date(Date.now() - 1_000).toISOString() });
    expect(answer.refusal).toMatchObject({ code: 'invalid_input', errors: [{ path: 'expires_at' }] });
    expect((await must(call('list_api_keys', {}))).data).toEqual([]);
  });
});

describe('no key makes one that may do more', () => {
  const keyed = (options: Json = {}) => makeApiKey(pool, who, { scopes: ['jobs', 'keys'], ...options });

  test.each([
    ['a scope that it lacks', {}, { scopes: ['billing'] }],
    ['admin', {}, { scopes: ['jobs', 'admin'] }],
    ['other models', { allowed_models: ['a'] }, { allowed_models: ['a', 'b'] }],
    ['any model', { allowed_models: ['a'] }, {}],
    ['a longer life', { expires_at: '2027-01-01T00:00:00Z' }, { expires_at: '2028-01-01T00:00:00Z' }],
    ['an endless life', { expires_at: '2027-01-01T00:00:00Z' }, {}],
    ['a higher rate', { rate_limit_per_minute: 5 }, { rate_limit_per_minute: 6 }],
    ['a cap of its own', { monthly_credit_cap: 5 }, { monthly_credit_cap: 5 }],
  ])('%s', async (_what, own, child) => {
    expect(codeOf(await make(await keyed(own), child))).toBe('forbidden');
  });

  test('the same or less it may make', async () => {
    const maker = await keyed({ allowed_models: ['a', 'b'], expires_at: '2030-01-01T00:00:00Z' });
    const child = { scopes: ['jobs'], allowed_models: ['a'], expires_at: '2029-01-01T00:00:00Z' };
    expect(codeOf(await make(maker, child))).toBe('ok');
  });

  test('nor changes or rolls a stronger one; without the scope keys it touches none', async () => {
    const strong = await makeApiKey(pool, who, { scopes: ['jobs', 'keys', 'billing'] });
    const weak = await keyed();
    const as = (key: Account, name: string, ...args: unknown[]) => keys(pool, name, [key.credential, ...args]);
    const next = { prefix: 'p', hash: sha256(randomUUID()), overlap_seconds: 60 };
    expect(codeOf(await as(weak, 'roll_api_key', strong.id, next, {}))).toBe('forbidden');
    expect(codeOf(await as(weak, 'patch_api_key', strong.id, { scopes: ['jobs'] }))).toBe('forbidden');
    expect(codeOf(await as(weak, 'patch_api_key', weak.id, { scopes: ['jobs', 'keys', 'webhooks'] }))).toBe(
      'forbidden',
    );
    const jobs = await makeApiKey(pool, who);
    expect(codeOf(await make(jobs))).toBe('forbidden');
    expect(codeOf(await as(jobs, 'list_api_keys', {}))).toBe('forbidden');
  });

  test('only admin makes admin; a person’s sign-in does not', async () => {
    expect(codeOf(await make(who, { scopes: ['admin'] }))).toBe('forbidden');
    expect(codeOf(await make(await makeOperator(pool), { scopes: ['admin'] }))).toBe('ok');
  });

  test('an organisation’s keys are its owners’ and admins’ to make', async () => {
    const studio = await makeOrganization(pool, who);
    const robot = await makeApiKey(pool, who, { organization_id: studio.id, scopes: ['jobs', 'keys'] });
    expect(robot.account).toBe(studio.account);
    expect((await must(call('list_api_keys', { organization_id: studio.id }))).data).toHaveLength(1);
    expect((await must(call('list_api_keys', {}))).data).toEqual([]);
    const stranger = await makePerson(pool);
    expect(codeOf(await make(stranger, { organization_id: studio.id }))).toBe('not_found');
    expect(codeOf(await keys(pool, 'get_api_key', [stranger.credential, robot.id]))).toBe('not_found');
  });
});
