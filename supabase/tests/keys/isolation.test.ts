import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { type Json, sha256 } from '../fixtures.ts';
import {
  addKey,
  codeOf,
  keys,
  makeApiKey,
  makeOrganization,
  makePerson,
  makeProject,
  must,
  type Organization,
  type Person,
  sealed,
} from './people.ts';

let pool: Pool;
let a: Person;
let b: Person;
let studio: Organization;
const ids: Record<string, string> = {};
beforeAll(async () => {
  pool = await freshDatabase();
  [a, b] = [await makePerson(pool), await makePerson(pool)];
  studio = await makeOrganization(pool, a);
  ids.project = await makeProject(pool, a);
  ids.key = (await addKey(pool, a, 'fal')).id;
  ids.shared = (await addKey(pool, a, 'fal', { scope: 'organization', scope_id: studio.id })).id;
  ids.api = (await makeApiKey(pool, a)).id;
  const token = { user_ref: 'ann', scopes: ['jobs'], expires_in: 600 };
  ids.token = (await must(keys(pool, 'create_client_token', [a.credential, token, sha256(randomUUID()), {}]))).id;
  const invitation = { email: 'x@film.test', role: 'member', token_hash: sha256(randomUUID()) };
  ids.invitation = (await must(keys(pool, 'invite_member', [a.credential, studio.id, invitation, {}]))).id;
  await must(keys(pool, 'put_setting', [a.credential, 'project', ids.project, 'image', { provider: 'fal' }, null]));
});
afterAll(() => pool.end());

/** Every function that takes a credential, with A's ids in it. Listed by name, so that a new one is missed here and fails the test below. */
function calls(): Record<string, unknown[][]> {
  const organization = { scope: 'organization', scope_id: studio.id };
  const project = { scope: 'project', scope_id: ids.project };
  const user = { scope: 'user', scope_id: a.account };
  const scopes = [organization, project, user];
  const key = { hash: sha256('x'), prefix: 'p', name: 'n', scopes: ['jobs'] };
  const everyKey = [ids.key, ids.shared];
  const value = { provider: 'evil' };
  return {
    get_organization: [[studio.id]],
    rename_organization: [[studio.id, 'x']],
    list_members: [[studio.id]],
    change_member: [[studio.id, a.user, 'member']],
    remove_member: [
      [studio.id, a.user, false],
      [studio.id, b.user, false],
    ],
    invite_member: [[studio.id, { email: b.email, role: 'owner', token_hash: sha256('y') }, {}]],
    list_invitations: [[studio.id]],
    revoke_invitation: [[studio.id, ids.invitation]],
    accept_invitation: [[sha256('guess'), {}]],
    create_project: [[{ name: 'x', organization_id: studio.id }, {}]],
    list_projects: [[{ organization_id: studio.id }]],
    get_project: [[ids.project]],
    rename_project: [[ids.project, 'x']],
    delete_project: [[ids.project]],
    create_api_key: [[{ ...key, organization_id: studio.id }, {}]],
    list_api_keys: [[{ organization_id: studio.id }]],
    get_api_key: [[ids.api]],
    patch_api_key: [[ids.api, { name: 'x' }]],
    revoke_api_key: [[ids.api]],
    roll_api_key: [[ids.api, { hash: sha256('z'), prefix: 'p', overlap_seconds: 0 }, {}]],
    revoke_client_token: [[ids.token]],
    prepare_provider_key: [...everyKey.map((id) => [{ id }]), ...scopes.map((s) => [{ provider: 'fal', ...s }])],
    create_provider_key: scopes.map((s) => [
      {
        id: `key_${'0'.repeat(32)}`,
        provider: 'fal',
        last4: 'x',
        fingerprint: 'x',
        api_key: sealed(),
        ...s,
      },
      {},
    ]),
    list_provider_keys: scopes.map((s) => [s]),
    get_provider_key: everyKey.map((id) => [id]),
    open_provider_key: everyKey.map((id) => [id]),
    patch_provider_key: everyKey.map((id) => [id, { name: 'x' }]),
    replace_provider_key: everyKey.map((id) => [id, { version: 2, last4: 'x', fingerprint: 'x' }, {}]),
    delete_provider_key: everyKey.map((id) => [id]),
    reorder_provider_keys: everyKey.map((id) => [[id], {}]),
    record_key_test: everyKey.map((id) => [id, 1, { result: 'invalid' }]),
    put_key_pool: scopes.map((s) => [{ profile: 'fal', strategy: 'round_robin', ...s }]),
    list_key_pools: scopes.map((s) => [s]),
    put_setting: scopes.map((s) => [s.scope, s.scope_id, 'image', value, null]),
    get_setting: scopes.map((s) => [s.scope, s.scope_id, 'image']),
    delete_setting: scopes.map((s) => [s.scope, s.scope_id, 'image', null]),
    list_settings: scopes.map((s) => [s]),
    settings_events: scopes.map((s) => [0, s, 100]),
    effective_settings: [
      ['image', ids.project, {}, []],
      ['image', null, { account_id: a.account }, []],
    ],
    audit_log: scopes.map((s) => [s]),
  };
}
/** They name nobody: what they answer is the caller's own. */
const OWN = ['create_organization', 'list_organizations', 'create_client_token', 'import_settings', 'begin_key_test'];

const snapshot = async () => {
  const tables =
    'accounts organizations members invitations projects api_keys client_tokens provider_api_keys provider_key_versions sealed_keys';
  const more = 'key_pools key_events provider_settings settings_events audit_log';
  const counts: Json = {};
  for (const table of `${tables} ${more}`.split(' ')) {
    const { rows } = await pool.query(
      `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as h from darkroom.${table} t`,
    );
    counts[table] = rows[0].h;
  }
  return counts;
};

test('B reaches nothing of A’s through any function, and leaves no trace', async () => {
  const before = await snapshot();
  const answers = [];
  for (const [name, list] of Object.entries(calls()))
    for (const args of list) answers.push([name, codeOf(await keys(pool, name, [b.credential, ...args]))]);
  expect(answers.filter(([, code]) => code !== 'not_found')).toEqual([]);
  expect(await snapshot()).toEqual(before);
});

test('nobody’s credential is refused everywhere, before anything is looked at', async () => {
  const nobody = { kind: 'api_key', hash: sha256('nobody') };
  for (const [name, list] of Object.entries(calls()))
    expect([name, codeOf(await keys(pool, name, [nobody, ...(list[0] as unknown[])]))]).toEqual([
      name,
      'unauthenticated',
    ]);
});

test('the list above is complete', async () => {
  const { rows } = await pool.query(
    `select distinct p.proname as name from pg_proc p where p.pronamespace = 'api'::regnamespace
       and has_function_privilege('keys', p.oid, 'execute') and 'credential' = any (p.proargnames) order by 1`,
  );
  expect(rows.map((r) => r.name)).toEqual([...Object.keys(calls()), ...OWN].sort());
});

test('what B lists is B’s own', async () => {
  const mine = await addKey(pool, b, 'kie');
  const list = async (name: string, ...args: unknown[]) => (await must(keys(pool, name, [b.credential, ...args]))).data;
  expect((await list('list_provider_keys', {})).map((k: Json) => k.id)).toEqual([mine.id]);
  for (const [name, ...args] of [
    ['list_organizations'],
    ['list_projects', {}],
    ['list_api_keys', {}],
    ['list_settings', {}],
  ])
    expect([name, await list(name as string, ...args)]).toEqual([name, []]);
});

test('row-level security alone hides A from the account role that acts for B', async () => {
  await pool.query('grant darkroom_account to postgres');
  const client = await pool.connect();
  try {
    await client.query('begin; set local role darkroom_account');
    for (const [setting, value] of [
      ['app.account_id', b.account],
      ['app.person_account', b.account],
      ['app.user_id', b.user],
    ])
      await client.query('select set_config($1, $2, true)', [setting, value]);
    const tables = [
      'organizations',
      'members',
      'invitations',
      'projects',
      'api_keys',
      'client_tokens',
      'provider_settings',
      'settings_events',
      'audit_log',
      'key_events',
      'key_pools',
    ];
    for (const table of tables) {
      const { rows } = await client.query(`select * from darkroom.${table} where account_id is distinct from $1`, [
        b.account,
      ]);
      expect([table, rows]).toEqual([table, []]);
    }
    const seen = await client.query(`select from darkroom.provider_api_keys where account_id = any ($1)`, [
      [a.account, studio.account],
    ]);
    expect(seen.rowCount).toBe(0);
    await client.query('savepoint s');
    await expect(client.query('select * from darkroom.sealed_keys')).rejects.toMatchObject({ code: '42501' });
    await client.query('rollback to s');
    const stolen = await client.query(
      `update darkroom.provider_api_keys set account_id = $1, owner_id = $1 where id = $2`,
      [b.account, ids.key],
    );
    expect(stolen.rowCount).toBe(0);
    await expect(
      client.query(
        `insert into darkroom.provider_api_keys (provider_name, owner_kind, owner_id, last4, fingerprint) values ('fal', 'platform', 'platform', '', '')`,
      ),
    ).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.query('rollback');
    client.release();
  }
});
