import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { type Json, sha256 } from '../fixtures.ts';
import {
  addKey,
  codeOf,
  join,
  keys,
  makeApiKey,
  makeOperator,
  makeOrganization,
  makePerson,
  makeProject,
  must,
  replaceKey,
  sealed,
} from './people.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
});
afterAll(() => pool.end());

const SECRET = 'c4n4ry';
const log = async (who: { credential: Json }, filter: Json = {}) =>
  (await must(keys(pool, 'audit_log', [who.credential, { limit: 200, ...filter }]))).data as Json[];

test('every change is in the log with who did it, to what, before and after, and no secret', async () => {
  const who = await makePerson(pool);
  const call = (name: string, ...args: unknown[]) => must(keys(pool, name, [who.credential, ...args]));
  const secrets = {
    api_key: sealed(SECRET),
    additional_config: { region: SECRET, webhook_secret: sealed(SECRET) },
  };
  const key = await addKey(pool, who, 'fal', { ...secrets, name: 'one' });
  await call('patch_provider_key', key.id, { name: 'two', additional_config: { region: SECRET } });
  await call('reorder_provider_keys', [key.id], {});
  await call('record_key_test', key.id, 1, { result: 'invalid', message: 'no' });
  await must(replaceKey(pool, who, key.id, secrets));
  await call('put_key_pool', { profile: 'fal', strategy: 'round_robin' });
  await call('put_setting', 'user', 'me', 'image', { provider: 'fal' }, null);
  await call('put_setting', 'user', 'me', 'image', { provider: 'kie' }, null);
  await call('delete_setting', 'user', 'me', 'image', null);
  await call('delete_provider_key', key.id);
  const api = await makeApiKey(pool, who, { name: 'a' });
  await call('patch_api_key', api.id, { name: 'b' });
  const hash = sha256(randomUUID());
  const rolled = await call('roll_api_key', api.id, { prefix: 'p', hash, overlap_seconds: 60 }, {});
  await call('revoke_api_key', rolled.id);
  const token = await call(
    'create_client_token',
    { user_ref: 'ann', scopes: ['jobs'], expires_in: 60 },
    sha256(randomUUID()),
    {},
  );
  await call('revoke_client_token', token.id);
  const project = await makeProject(pool, who);
  await call('rename_project', project, 'New');
  await call('delete_project', project);
  const entries = await log(who);
  expect(entries.map((e) => e.action).reverse()).toEqual([
    'provider_key.created',
    'provider_key.changed',
    'provider_key.changed',
    'provider_key.disabled',
    'provider_key.tested',
    'provider_key.recovered',
    'provider_key.replaced',
    'key_pool.changed',
    'setting.changed',
    'setting.changed',
    'setting.deleted',
    'provider_key.deleted',
    'api_key.created',
    'api_key.changed',
    'api_key.rolled',
    'api_key.revoked',
    'client_token.created',
    'client_token.revoked',
    'project.created',
    'project.renamed',
    'project.deleted',
  ]);
  for (const entry of entries) expect(entry.actor).toBe(/disabled|recovered/.test(entry.action) ? 'system' : who.user);
  expect(entries.find((e) => e.action === 'api_key.changed')).toMatchObject({
    target: { kind: 'api_key', id: api.id },
    before: { name: 'a' },
    after: { name: 'b' },
  });
  const settings = entries.filter((e) => e.action === 'setting.changed');
  expect(settings[0]).toMatchObject({ before: { provider: 'fal' }, after: { provider: 'kie' } });
  const text = JSON.stringify(entries);
  for (const secret of ['dkv1.', SECRET, hash]) expect(text).not.toContain(secret);
});

test('members come and go in the organisation’s log, which its owners and admins read', async () => {
  const owner = await makePerson(pool);
  const studio = await makeOrganization(pool, owner);
  const place = { scope: 'organization', scope_id: studio.id };
  const [admin, member] = [await makePerson(pool), await makePerson(pool)];
  await join(pool, owner, studio, admin, 'admin');
  await join(pool, owner, studio, member, 'member');
  await must(keys(pool, 'change_member', [admin.credential, studio.id, member.user, 'billing']));
  await must(keys(pool, 'rename_organization', [admin.credential, studio.id, 'Films']));
  const robot = await makeApiKey(pool, admin, { organization_id: studio.id });
  await must(keys(pool, 'remove_member', [owner.credential, studio.id, admin.user, false]));
  const entries = await log(owner, place);
  expect(entries.map((e) => [e.action, e.user_id]).reverse()).toEqual([
    ['organization.created', owner.user],
    ['member.invited', owner.user],
    ['member.joined', admin.user],
    ['member.invited', owner.user],
    ['member.joined', member.user],
    ['member.changed', admin.user],
    ['organization.renamed', admin.user],
    ['api_key.created', admin.user],
    ['member.removed', owner.user],
    ['api_key.revoked', owner.user],
  ]);
  expect(await log(owner, { ...place, target: robot.id })).toHaveLength(2);
  expect(await log(owner, { ...place, actor: admin.user, action: 'member.changed' })).toHaveLength(1);
  for (const [who, code] of [
    [member, 'forbidden'],
    [admin, 'not_found'],
    [await makePerson(pool), 'not_found'],
  ] as const)
    expect(codeOf(await keys(pool, 'audit_log', [who.credential, place]))).toBe(code);
  expect(await log(owner)).toEqual([]);
});

test('operators read any account’s, and the platform’s own', async () => {
  const [operator, who] = [await makeOperator(pool), await makePerson(pool)];
  await makeProject(pool, who);
  expect(await log(operator, { scope: 'user', scope_id: who.account })).toEqual(await log(who));
  const key = await addKey(pool, operator, 'fal', { scope: 'platform' });
  expect(await log(operator, { scope: 'platform' })).toMatchObject([
    { action: 'provider_key.created', target: { id: key.id } },
  ]);
  expect(codeOf(await keys(pool, 'audit_log', [who.credential, { scope: 'platform' }]))).toBe('forbidden');
});

test('it is paged, and nobody changes it, its tables’ owner neither', async () => {
  const who = await makePerson(pool);
  for (let i = 0; i < 5; i++) await makeProject(pool, who);
  const first = await must(keys(pool, 'audit_log', [who.credential, { limit: 3 }]));
  const second = await must(keys(pool, 'audit_log', [who.credential, { limit: 3, cursor: first.next_cursor }]));
  expect([first.data.length, second.data.length, second.next_cursor]).toEqual([3, 2, null]);
  const ids: string[] = [...first.data, ...second.data].map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted().toReversed());
  for (const id of ids) expect(id).toMatch(/^aud_[0-9a-f]{32}$/);
  for (const table of ['audit_log', 'key_events', 'settings_events']) {
    await expect(pool.query(`delete from darkroom.${table}`)).rejects.toMatchObject({ code: '55000' });
    await expect(pool.query(`truncate darkroom.${table}`)).rejects.toMatchObject({ code: '55000' });
  }
});
