import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { candidate, type Json, makeAccount, makeKey } from '../fixtures.ts';
import {
  addKey,
  codeOf,
  join,
  keys,
  makeOperator,
  makeOrganization,
  makePerson,
  makeProject,
  must,
  type Person,
} from './people.ts';

let pool: Pool;
let who: Person;
beforeAll(async () => {
  pool = await freshDatabase();
});
beforeEach(async () => {
  who = await makePerson(pool);
});
afterAll(() => pool.end());

const call = (name: string, ...args: unknown[]) => keys(pool, name, [who.credential, ...args]);
const put = (provider: string, if_match: number | null = null, operation = 'image') =>
  call('put_setting', 'user', 'me', operation, { provider }, if_match);
const events = async (after: number | null, filter: Json = {}) => must(call('settings_events', after, filter, 100));

describe('one setting', () => {
  test('is written, read, changed and deleted, each version another', async () => {
    const value = { provider: 'fal', model: 'flux-dev', endpoint_url: null };
    const first = await must(call('put_setting', 'user', 'me', 'image', value, 0));
    expect(first).toMatchObject({
      object: 'provider_setting',
      scope: 'user',
      scope_id: who.account,
      operation: 'image',
      ...value,
      version: expect.any(Number),
      updated_by: who.user,
    });
    expect(await must(call('get_setting', 'user', who.account, 'image'))).toEqual(first);
    const second = await must(put('kie', first.version));
    expect(second.version).toBeGreaterThan(first.version);
    expect(second).toMatchObject({ provider: 'kie', model: null });
    expect(codeOf(await call('delete_setting', 'user', 'me', 'image', first.version))).toBe('precondition_failed');
    expect(await must(call('delete_setting', 'user', 'me', 'image', second.version))).toMatchObject({ deleted: true });
    expect(codeOf(await call('get_setting', 'user', 'me', 'image'))).toBe('not_found');
    expect(codeOf(await call('delete_setting', 'user', 'me', 'image', null))).toBe('not_found');
    expect((await must(put('fal', 0))).version).toBeGreaterThan(second.version);
  });

  test('the same again is no change: same version, no event', async () => {
    const first = await must(put('fal'));
    const { last } = await events(null);
    expect(await must(put('fal', first.version))).toEqual(first);
    expect((await events(null)).last).toBe(last);
  });

  test('of parallel writers that saw the same version one wins, the others are told what is there', async () => {
    const { version } = await must(put('start'));
    for (const seen of [version, 0]) {
      const operation = seen === 0 ? 'video' : 'image';
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => put(`provider-${i}`, seen, operation)));
      expect(answers.filter((a) => a.ok)).toHaveLength(1);
      const winner = answers.find((a) => a.ok)?.ok;
      for (const { refusal } of answers.filter((a) => a.refusal)) {
        expect(refusal).toMatchObject({ code: 'precondition_failed', current: { version: winner.version } });
        expect(refusal?.current.provider).toBe(winner.provider);
      }
    }
  });

  test('a missing one cannot be matched', async () => {
    expect((await put('fal', 7)).refusal).toMatchObject({ code: 'precondition_failed', current: null });
  });

  test('each scope is its managers’; the platform’s stand in the environment', async () => {
    const studio = await makeOrganization(pool, who);
    const project = await makeProject(pool, who, studio);
    const member = await makePerson(pool);
    await join(pool, who, studio, member, 'member');
    const write = async (as: { credential: unknown }, scope: string, id: string) =>
      codeOf(await keys(pool, 'put_setting', [as.credential, scope, id, 'image', { provider: 'fal' }, null]));
    expect([await write(who, 'organization', studio.id), await write(who, 'project', project)]).toEqual(['ok', 'ok']);
    expect([await write(member, 'organization', studio.id), await write(member, 'project', project)]).toEqual([
      'forbidden',
      'forbidden',
    ]);
    expect(codeOf(await keys(pool, 'get_setting', [member.credential, 'project', project, 'image']))).toBe('ok');
    expect(await write(await makePerson(pool), 'project', project)).toBe('not_found');
    expect(await write(await makeOperator(pool), 'platform', '')).toBe('invalid_input');
    const { data } = await must(call('list_settings', { scope: 'organization', scope_id: studio.id }));
    expect(data).toMatchObject([{ scope: 'organization', scope_id: studio.id, operation: 'image' }]);
  });
});

describe('events', () => {
  test('are numbered without gaps, in the order in which they can be seen', async () => {
    const projects = await Promise.all(Array.from({ length: 10 }, () => makeProject(pool, who)));
    const ofProject = (id: string) => call('put_setting', 'project', id, 'image', { provider: 'fal' }, null);
    await Promise.all(projects.flatMap((id, i) => [ofProject(id), put('fal', null, `operation-${i}`)]));
    const { events: all, last } = await events(0);
    expect(all.map((e: Json) => e.id)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(last).toBe(20);
    expect(await events(18)).toMatchObject({ events: [{ id: 19 }, { id: 20 }], last: 20 });
    expect(await events(20)).toEqual({ events: [], last: 20 });
    expect(all[0]).toMatchObject({ type: 'setting.changed', data: { provider: 'fal' } });
  });

  test('tell of keys as well, and of an organisation to its members only', async () => {
    const key = await addKey(pool, who, 'fal');
    await must(call('delete_provider_key', key.id));
    expect((await events(0)).events.map((e: Json) => [e.type, e.data.id])).toEqual([
      ['provider_key.created', key.id],
      ['provider_key.deleted', key.id],
    ]);
    const studio = await makeOrganization(pool, who);
    const place = { scope: 'organization', scope_id: studio.id };
    await must(call('put_setting', 'organization', studio.id, 'tts', { provider: 'openai' }, null));
    expect((await events(0, place)).events).toMatchObject([{ type: 'setting.changed' }]);
    const stranger = await makePerson(pool);
    expect(codeOf(await keys(pool, 'settings_events', [stranger.credential, 0, place, 10]))).toBe('not_found');
  });
});

describe('import', () => {
  const old = [
    { operation: 'llm', provider: 'openrouter', model: 'anthropic/claude-sonnet-4' },
    { operation: 'image', provider: 'modal', endpoint_url: 'https://mine.modal.run' },
  ];

  test('takes what a browser kept, once, and overwrites nothing', async () => {
    await must(put('fal'));
    expect(await must(call('import_settings', old, {}))).toMatchObject({ imported: 1, already_imported: false });
    expect(await must(call('get_setting', 'user', 'me', 'image'))).toMatchObject({ provider: 'fal' });
    expect(await must(call('get_setting', 'user', 'me', 'chat'))).toMatchObject({
      operation: 'chat',
      provider: 'openrouter',
    });
    await must(call('delete_setting', 'user', 'me', 'llm', null));
    expect(await must(call('import_settings', old, {}))).toMatchObject({ imported: 0, already_imported: true });
    expect(codeOf(await call('get_setting', 'user', 'me', 'llm'))).toBe('not_found');
  });

  test('twice at once is once', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => must(call('import_settings', old, {}))));
    expect(answers.filter((a) => a.imported === 2)).toHaveLength(1);
  });
});

describe('what counts', () => {
  const ask = (operation: string, request: Json = {}, routes: string[] = ['replicate', 'fal']) =>
    must(
      call(
        'effective_settings',
        operation,
        null,
        request,
        routes.map((p) => candidate(p)),
      ),
    );

  test('without a key: the provider that is wanted, no key, and where to set one', async () => {
    await must(put('nobody', null, 'music'));
    expect(await ask('music', {}, ['other', 'nobody'])).toMatchObject({
      operation: 'music',
      provider: { value: 'nobody', origin: 'user' },
      key: null,
      settings_url: '/v1/provider-settings/user/me/music',
    });
  });

  test('a key out of service is told, and the platform’s does not stand in for it', async () => {
    await makeKey(pool, 'fal');
    const key = await addKey(pool, who, 'fal');
    await must(keys(pool, 'record_probe', [key.id, 1, { result: 'invalid', message: 'revoked' }]));
    const answer = await ask('image', {}, ['fal']);
    expect(answer.key).toBeNull();
    const told = Object.fromEntries(answer.considered.map((c: Json) => [c.origin, c.key]));
    expect(told).toMatchObject({ user: 'out_of_service', environment: 'not_allowed' });
    const allowed = await ask('image', { allow_platform_key: true }, ['fal']);
    expect(allowed.key).toMatchObject({ origin: 'environment', last4: null });
  });

  test('a custom endpoint is said with its origin, and a setting that cannot serve the operation is passed over', async () => {
    await must(call('put_setting', 'user', 'me', 'image', { provider: 'modal', endpoint_url: 'https://m.test' }, null));
    expect(await ask('image', {}, ['fal', 'modal'])).toMatchObject({
      provider: { value: 'modal', origin: 'user' },
      endpoint_url: { value: 'https://m.test', origin: 'user' },
      key: { origin: 'user', last4: '' },
    });
    const passed = await ask('image', {}, ['fal']);
    expect(passed.provider).toEqual({ value: 'fal', origin: 'environment' });
    const told = Object.fromEntries(passed.considered.map((c: Json) => [c.origin, c.outcome]));
    expect(told).toEqual({
      request: 'not_set',
      project: 'not_set',
      organization: 'not_set',
      user: 'not_possible',
      environment: 'chosen',
    });
  });

  test('a key with the scope jobs may ask, a key of nobody’s account sees its own only', async () => {
    await must(put('fal'));
    const other = await makeAccount(pool, 0);
    const answer = await keys(pool, 'effective_settings', [other.credential, 'image', null, {}, [candidate('fal')]]);
    expect(answer.ok.considered.find((c: Json) => c.origin === 'user')).toMatchObject({ outcome: 'not_set' });
  });

  test('an operation that nothing in the catalogue can do is explained without a route', async () => {
    const { ok } = await keys(pool, 'effective_settings', [who.credential, 'video', null, {}, []]);
    expect(ok).toMatchObject({ operation: 'video', provider: { value: null }, key: null, routes: [] });
  });
});
