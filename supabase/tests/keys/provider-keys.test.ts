import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { type Json, rpc } from '../fixtures.ts';
import { expectSound } from '../sound.ts';
import {
  addKey,
  codeOf,
  join,
  keys,
  keyVersions,
  makeApiKey,
  makeOperator,
  makeOrganization,
  makePerson,
  makeProject,
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
const list = async (filter: Json = {}) => (await must(call('list_provider_keys', filter))).data;
const versions = (id: string) => keyVersions(pool, id);
const replace = (id: string, more: Json = {}) => replaceKey(pool, who, id, more);

describe('a key', () => {
  test('has the shape of the contract, and nothing in it opens anything', async () => {
    const made = await addKey(pool, who, 'fal', {
      name: 'main',
      priority: 3,
      max_concurrency: 2,
      profile: 'vision-atlas',
      api_key: sealed('c4n4ry'),
      api_secret: sealed('c4n4ry'),
      additional_config: { region: 'eu', webhook_secret: sealed('c4n4ry') },
    });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^key_[0-9a-f]{32}$/),
      provider: 'fal',
      profile: 'vision-atlas',
      scope: 'user',
      scope_id: who.account,
      name: 'main',
      last4: 'abcd',
      fingerprint: expect.any(String),
      priority: 3,
      max_concurrency: 2,
      is_active: true,
      state: 'active',
      state_reason: null,
      usage_count: 0,
      last_used_at: null,
      created_at: expect.any(String),
      version: 1,
      running: 0,
      cooling: [],
      additional_config: { region: 'eu' },
      secret_fields: ['webhook_secret'],
    });
    const everything = JSON.stringify([
      made,
      await list(),
      await must(call('get_provider_key', made.id)),
      await must(call('audit_log', {})),
      await must(call('settings_events', 0, {}, 100)),
    ]);
    expect(everything).not.toContain('dkv1.');
  });

  test('is sealed for the id, owner and version that the Worker asked for first', async () => {
    const first = await must(call('prepare_provider_key', { provider: 'fal' }));
    expect(first).toMatchObject({ version: 1, owner: `user:${who.account}`, provider: 'fal', sibling: null });
    const api_key = sealed();
    const made = await addKey(pool, who, 'fal', { api_key });
    const next = await must(call('prepare_provider_key', { id: made.id }));
    expect(next).toMatchObject({ id: made.id, version: 2, owner: `user:${who.account}`, sibling: api_key });
    expect(await must(call('open_provider_key', made.id))).toMatchObject({
      key_id: made.id,
      version: 1,
      provider: 'fal',
      source: 'sealed',
      stored: 'here',
      api_key,
    });
  });

  test.each([
    ['the key', { api_key: 'r8_clear' }],
    ['its second half', { api_key: sealed(), api_secret: 'clear' }],
  ])('is refused by the table itself if %s is not sealed', async (_name, clear) => {
    await expect(addKey(pool, who, 'fal', clear)).rejects.toMatchObject({ code: '23514' });
    expect(await list()).toEqual([]);
  });

  test('is there once: the same secret again is refused, for another profile or owner it is not', async () => {
    const fingerprint = randomUUID();
    const { id } = await addKey(pool, who, 'fal', { fingerprint });
    await expect(addKey(pool, who, 'fal', { fingerprint })).rejects.toThrow('invalid_state');
    await addKey(pool, who, 'fal', { fingerprint, profile: 'vision-flux' });
    await addKey(pool, await makePerson(pool), 'fal', { fingerprint });
    await must(call('delete_provider_key', id));
    await addKey(pool, who, 'fal', { fingerprint });
  });

  test('added twice at once under one secret is added once', async () => {
    const fingerprint = randomUUID();
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, () => addKey(pool, who, 'fal', { fingerprint })),
    );
    expect(answers.filter((a) => a.status === 'fulfilled')).toHaveLength(1);
    expect(await list()).toHaveLength(1);
  });

  test('is made once under an Idempotency-Key, although it is sealed anew each time', async () => {
    const once = { key: 'k', request_hash: 'h' };
    const body = async () => ({
      ...(await must(call('prepare_provider_key', { provider: 'fal' }))),
      last4: 'abcd',
      fingerprint: 'f',
      api_key: sealed(),
    });
    const first = await must(call('create_provider_key', await body(), once));
    const second = await must(call('create_provider_key', await body(), once));
    expect(second).toMatchObject({ id: first.id, replayed: true });
  });

  test('is renamed, moved, limited and switched; its settings are replaced as a whole', async () => {
    const { id } = await addKey(pool, who, 'fal');
    const patch = { name: 'n', priority: 9, max_concurrency: 1, is_active: false, profile: 'vision-flux' };
    expect(await must(call('patch_provider_key', id, patch))).toMatchObject(patch);
    expect(await must(call('patch_provider_key', id, { profile: null }))).toMatchObject({ ...patch, profile: null });
    const secret = sealed();
    const config = { additional_config: { region: 'us', webhook_secret: secret } };
    expect(await must(call('patch_provider_key', id, config))).toMatchObject({
      additional_config: { region: 'us' },
      secret_fields: ['webhook_secret'],
    });
    expect((await must(call('open_provider_key', id))).additional_config).toEqual({
      region: 'us',
      webhook_secret: secret,
    });
  });

  test('is sent where it was kept for: its address changes only with the key in hand', async () => {
    const endpoint_url = 'https://mine.test/v1';
    const plain = await addKey(pool, who, 'fal');
    const there = await addKey(pool, who, 'fal', { additional_config: { endpoint_url, region: 'eu' } });
    for (const [id, additional_config] of [
      [plain.id, { endpoint_url: 'https://evil.test' }],
      [there.id, { endpoint_url: 'https://evil.test' }],
      [there.id, { region: 'us' }],
      [there.id, {}],
    ] as const) {
      const { refusal } = await call('patch_provider_key', id, { additional_config });
      expect(refusal).toMatchObject({ code: 'invalid_state', detail: expect.stringContaining('/replace') });
    }
    expect((await must(call('open_provider_key', there.id))).additional_config).toEqual({ endpoint_url, region: 'eu' });
    const patched = await must(
      call('patch_provider_key', there.id, { additional_config: { endpoint_url, region: 'us' } }),
    );
    expect(patched.additional_config).toEqual({ endpoint_url, region: 'us' });
    const moved = { additional_config: { endpoint_url: 'https://new.test/v2' } };
    expect(await must(replace(there.id, moved))).toMatchObject({ version: 2, ...moved });
    const { data } = await must(call('audit_log', { target: there.id }));
    const hosts = data.map((e: Json) => [e.action, e.before?.endpoint, e.after?.endpoint]);
    expect(hosts).toEqual([
      ['provider_key.replaced', 'mine.test', 'new.test'],
      ['provider_key.changed', undefined, undefined],
      ['provider_key.created', undefined, 'mine.test'],
    ]);
  });

  test('without a scope is of the account that the caller acts for', async () => {
    const studio = await makeOrganization(pool, who);
    const robot = await makeApiKey(pool, who, { organization_id: studio.id, scopes: ['keys'] });
    expect(await addKey(pool, robot, 'fal')).toMatchObject({ scope: 'organization', scope_id: studio.id });
    expect(await addKey(pool, who, 'fal')).toMatchObject({ scope: 'user', scope_id: who.account });
  });

  test('order is given by a list, first highest; a foreign key in it changes nothing', async () => {
    const [a, b, c] = [await addKey(pool, who, 'fal'), await addKey(pool, who, 'fal'), await addKey(pool, who, 'fal')];
    const { data } = await must(call('reorder_provider_keys', [c?.id, a?.id], {}));
    expect(data.map((k: Json) => [k.id, k.priority])).toEqual([
      [c?.id, 2],
      [a?.id, 1],
    ]);
    expect((await must(call('get_provider_key', b?.id))).priority).toBe(0);
    const foreign = await addKey(pool, await makePerson(pool), 'fal');
    expect(codeOf(await call('reorder_provider_keys', [a?.id, foreign.id], {}))).toBe('not_found');
    expect(codeOf(await call('reorder_provider_keys', [a?.id, a?.id], {}))).toBe('invalid_input');
    expect((await must(call('get_provider_key', c?.id))).priority).toBe(2);
  });
});

describe('whose it is', () => {
  test('an organisation’s members use its key and see what it is called; owners and admins manage it', async () => {
    const studio = await makeOrganization(pool, who);
    await pool.query(`select darkroom.issue($1, 100, 'promo', 'test', null, 'test')`, [studio.account]);
    const place = { scope: 'organization', scope_id: studio.id };
    const key = await addKey(pool, who, 'fal', place);
    expect(key).toMatchObject(place);
    const [admin, member] = [await makePerson(pool), await makePerson(pool)];
    await join(pool, who, studio, admin, 'admin');
    await join(pool, who, studio, member, 'member');
    const as = (person: Person, name: string, ...args: unknown[]) => keys(pool, name, [person.credential, ...args]);
    const calls: [string, unknown[]][] = [
      ['get_provider_key', [key.id]],
      ['list_provider_keys', [place]],
      ['patch_provider_key', [key.id, { name: 'x' }]],
      ['open_provider_key', [key.id]],
      ['prepare_provider_key', [{ provider: 'fal', ...place }]],
      ['replace_provider_key', [key.id, {}, {}]],
      ['delete_provider_key', [key.id]],
    ];
    const seen = [];
    for (const [name, args] of calls) seen.push(codeOf(await as(member, name, ...args)));
    expect(seen).toEqual(['ok', 'ok', ...Array(5).fill('forbidden')]);
    expect(codeOf(await as(admin, 'patch_provider_key', key.id, { name: 'x' }))).toBe('ok');
    const job = await submit(pool, member, ['fal'], { account_id: studio.account });
    expect(job.ok.lanes).toEqual([`fal:organization:${studio.account}`]);
  });

  test('a project’s key belongs to the project, and goes with it', async () => {
    const project = await makeProject(pool, who);
    const key = await addKey(pool, who, 'fal', { scope: 'project', scope_id: project });
    expect(key).toMatchObject({ scope: 'project', scope_id: project });
    expect(await list({ scope: 'project', scope_id: project })).toMatchObject([{ id: key.id }]);
    await must(call('delete_project', project));
    expect(codeOf(await call('get_provider_key', key.id))).toBe('not_found');
    expect(await versions(key.id)).toEqual([{ version: 1, wiped: true, there: false }]);
  });

  test('the platform’s are for operators; to others they do not exist', async () => {
    const operator = await makeOperator(pool);
    const key = await addKey(pool, operator, 'fal', { scope: 'platform' });
    expect(key).toMatchObject({ scope: 'platform', scope_id: null });
    expect(codeOf(await call('get_provider_key', key.id))).toBe('not_found');
    expect(codeOf(await call('patch_provider_key', key.id, { name: 'x' }))).toBe('not_found');
    expect(codeOf(await call('list_provider_keys', { scope: 'platform' }))).toBe('forbidden');
    await expect(addKey(pool, who, 'fal', { scope: 'platform' })).rejects.toThrow('forbidden');
    expect(await list()).toEqual([]);
    const mine = await must(keys(pool, 'list_provider_keys', [operator.credential, { scope: 'platform' }]));
    expect(mine.data.map((k: Json) => k.id)).toContain(key.id);
    await must(keys(pool, 'delete_provider_key', [operator.credential, key.id]));
  });

  test('a key of the environment is read and switched by operators, but stands where it stands', async () => {
    const operator = await makeOperator(pool);
    await rpc(pool, 'keys', 'mirror_environment', [
      [{ provider: 'kie', env_name: 'KIE_API_KEY', fingerprint: 'f', last4: 'wxyz' }],
    ]);
    const { data } = await must(
      keys(pool, 'list_provider_keys', [operator.credential, { scope: 'platform', provider: 'kie' }]),
    );
    const as = (name: string, ...args: unknown[]) => keys(pool, name, [operator.credential, ...args]);
    expect(data).toMatchObject([{ source: 'environment', last4: 'wxyz' }]);
    expect(codeOf(await as('delete_provider_key', data[0].id))).toBe('invalid_state');
    expect(codeOf(await as('prepare_provider_key', { id: data[0].id }))).toBe('invalid_state');
    expect(await must(as('patch_provider_key', data[0].id, { is_active: false }))).toMatchObject({ is_active: false });
    expect(await must(as('open_provider_key', data[0].id))).toMatchObject({
      source: 'environment',
      env_name: 'KIE_API_KEY',
      fingerprint: 'f',
      api_key: null,
    });
  });

  test('what is no scope, and what is nobody’s, does not exist', async () => {
    const studio = await makeOrganization(pool, who);
    const { data } = await must(call('list_provider_keys', { scope: 'organization', scope_id: studio.id }));
    expect(data).toEqual([]);
    expect(codeOf(await call('list_provider_keys', { scope: 'organization', scope_id: 'org_none' }))).toBe('not_found');
    expect(codeOf(await call('list_provider_keys', { scope: 'galaxy' }))).toBe('not_found');
  });
});
