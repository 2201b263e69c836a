import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { candidate, failed, type Json, makeKey, rpc, runLane, sha256, succeeded } from '../fixtures.ts';
import { expectSound } from '../sound.ts';
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
  replaceKey,
  submit,
} from './people.ts';

let pool: Pool;
let who: Person;
beforeAll(async () => {
  pool = await freshDatabase();
  for (const provider of ['replicate', 'fal', 'kie']) await makeKey(pool, provider);
});
beforeEach(async () => {
  await pool.query(`update darkroom.provider_api_keys set picks = 0 where owner_kind = 'platform'`);
  who = await makePerson(pool, 1000);
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const set = (value: Json, scope = 'user', id = 'me', operation = 'image') =>
  must(keys(pool, 'put_setting', [who.credential, scope, id, operation, value, null]));
const chain = async (answer: { ok?: Json }, stage = 'final') => {
  const { rows } = await pool.query(
    "select darkroom.with_payer(x) as candidate from darkroom.jobs, jsonb_array_elements(stages->$2->'candidates') x where id = $1",
    [answer.ok?.jobs[0].id, stage],
  );
  return rows.map(({ candidate }) => candidate as Json);
};
const providers = async (answer: { ok?: Json }) => (await chain(answer)).map((c) => `${c.provider}:${c.credential}`);
const platformPicks = async () =>
  Number(
    (await pool.query(`select sum(picks) as n from darkroom.provider_api_keys where owner_kind = 'platform'`)).rows[0]
      .n,
  );
const own = (provider: string) => `${provider}:user:${who.account}`;
const job = async (id: string) => (await rpc(pool, 'submit', 'get_job', [who.credential, id])).ok;
const disabled = failed('key', { key_state: 'disabled', key_reason: 'Invalid token' });

describe('a setting', () => {
  test('puts its provider first; what the request names stays before it', async () => {
    await set({ provider: 'kie' });
    const all = ['replicate', 'fal', 'kie'];
    expect(await providers(await submit(pool, who, all))).toEqual([
      'kie:environment',
      'replicate:environment',
      'fal:environment',
    ]);
    const ordered = await submit(pool, who, ['fal', 'replicate', 'kie'], { routing: { order: ['fal'] } });
    expect((await providers(ordered))[0]).toBe('fal:environment');
    expect((await providers(ordered))[1]).toBe('kie:environment');
    const sorted = await submit(pool, who, all, { routing: { sort: 'price' } });
    expect((await providers(sorted))[0]).toBe('replicate:environment');
    const considered = (await submit(pool, who, all)).ok.jobs[0].routing.considered;
    expect(considered[0]).toMatchObject({ provider: 'kie', reason: 'key of: environment; named by a setting' });
  });

  test('never moves a pinned route, and is passed over where its provider cannot do it', async () => {
    await set({ provider: 'kie' });
    const project_id = await makeProject(pool, who);
    await set({ provider: 'nobody' }, 'project', project_id);
    const pinned = [candidate('fal', { model: 'fal-ai/flux/dev' }), candidate('kie')];
    const answer = await submit(pool, who, pinned, { requested_model: 'fal-ai/flux/dev' });
    expect((await providers(answer))[0]).toBe('fal:environment');
    expect((await providers(await submit(pool, who, ['fal', 'kie'], { project_id })))[0]).toBe('kie:environment');
  });

  test('of llm is that of chat, and names a model among those of its provider', async () => {
    await set({ provider: 'kie', model: 'kie/two' }, 'user', 'me', 'llm');
    const routes = [candidate('fal'), candidate('kie', { model: 'kie/one' }), candidate('kie', { model: 'kie/two' })];
    const models = (await chain(await submit(pool, who, routes, { operation: 'chat' }))).map((c) => c.provider_model);
    expect(models).toEqual(['kie/two', 'kie/one', 'fal/one']);
  });

  test('of a provider without a key still counts: the refusal names it, the operation and where to set it', async () => {
    await set({ provider: 'nobody' });
    const { refusal } = await submit(pool, who, ['nowhere', 'nobody']);
    expect(refusal).toMatchObject({
      code: 'provider_key_missing',
      operation: 'image',
      provider: 'nobody',
      settings_url: '/v1/provider-settings/user/me/image',
    });
    const project_id = await makeProject(pool, who);
    const other = await submit(pool, who, ['nowhere'], { project_id });
    expect(other.refusal?.settings_url).toBe(`/v1/provider-settings/project/${project_id}/image`);
    expect((await rpc(pool, 'submit', 'credits', [who.credential, null])).ok).toMatchObject({ held: 0 });
  });

  test('of a person counts in an organisation’s project too, but only for that person', async () => {
    const studio = await makeOrganization(pool, who);
    await pool.query(`select darkroom.issue($1, 100, 'promo', 'test', null, 'test')`, [studio.account]);
    const colleague = await makePerson(pool);
    await join(pool, who, studio, colleague, 'member');
    const project_id = await makeProject(pool, who, studio);
    await set({ provider: 'kie' });
    await addKey(pool, who, 'kie');
    const mine = await submit(pool, who, ['fal', 'kie'], { project_id });
    const theirs = await submit(pool, colleague, ['fal', 'kie'], { project_id });
    expect([await providers(mine), (await providers(theirs))[0]]).toEqual([['kie:user'], 'fal:environment']);
  });
});

describe('an own key', () => {
  test('that fails never spends a platform key, at fallback neither', async () => {
    await addKey(pool, who, 'fal');
    const answer = await submit(pool, who, ['fal', 'replicate', 'kie']);
    expect(await providers(answer)).toEqual(['fal:user']);
    await runLane(pool, own('fal'), () => disabled);
    const ended = await job(answer.ok.jobs[0].id);
    expect(ended).toMatchObject({
      status: 'failed',
      error: { code: 'provider_failed' },
      attempts: [{ credential: 'user' }],
    });
    expect(await platformPicks()).toBe(0);
  });

  test('that is out of service neither: the next job is refused, for that provider and beside it', async () => {
    await addKey(pool, who, 'fal');
    await submit(pool, who, ['fal']);
    await runLane(pool, own('fal'), () => disabled);
    for (const routes of [['fal'], ['fal', 'replicate'], ['replicate', 'fal']]) {
      const { refusal } = await submit(pool, who, routes);
      expect(refusal).toMatchObject({ code: 'provider_key_missing' });
      expect(refusal?.considered.map((c: Json) => c.reason)).toContain("the user's own key is disabled: Invalid token");
    }
    expect(await platformPicks()).toBe(0);
    expect(codeOf(await submit(pool, who, ['kie']))).toBe('ok');
  });

  test('gives way where the request allows it: the same route first, at the platform’s price', async () => {
    await addKey(pool, who, 'fal');
    const routing = { allow_platform_key: true };
    const answer = await submit(pool, who, ['fal', 'replicate'], { routing });
    expect(await providers(answer)).toEqual(['fal:user', 'fal:environment', 'replicate:environment']);
    expect(answer.ok.jobs[0].credits.held).toBe(10);
    await runLane(pool, own('fal'), () => disabled);
    await runLane(pool, 'fal:platform', () => succeeded());
    const ended = await job(answer.ok.jobs[0].id);
    expect(ended).toMatchObject({
      status: 'completed',
      credits: { charged: 10 },
      attempts: [{ credential: 'user' }, { credential: 'environment' }],
    });
  });

  test.each([{}, { per_second: { credits: 5, usd: 0.01 } }])(
    'costs the fee only, %j, and the job says whose key paid',
    async (priced) => {
      await addKey(pool, who, 'fal');
      const answer = await submit(pool, who, [{ ...candidate('fal'), fee_credits: 2, ...priced }]);
      expect(answer.ok.jobs[0].credits.held).toBe(2);
      const { event, outputs } = succeeded();
      await runLane(pool, own('fal'), () => ({ event, outputs: [{ ...outputs[0], duration_seconds: 0.1 }] }));
      expect(await job(answer.ok.jobs[0].id)).toMatchObject({
        credits: { charged: 2 },
        usage: { byok: true },
        attempts: [{ credential: 'user' }],
      });
    },
  );

  test('switched off counts as not there; with byok_only there is nothing else', async () => {
    const key = await addKey(pool, who, 'fal');
    await must(keys(pool, 'patch_provider_key', [who.credential, key.id, { is_active: false }]));
    expect(await providers(await submit(pool, who, ['fal']))).toEqual(['fal:environment']);
    const { refusal } = await submit(pool, who, ['fal'], { routing: { byok_only: true } });
    expect(refusal?.code).toBe('provider_key_missing');
  });

  test('with own keys auto visits only routes that have one; a provider that is named may be paid by the platform before them', async () => {
    await addKey(pool, who, 'fal');
    await set({ provider: 'replicate' });
    const auto = await submit(pool, who, ['replicate', 'fal', 'kie'], { requested_model: 'auto' });
    expect(await providers(auto)).toEqual(['fal:user']);
    expect(await providers(await submit(pool, who, ['kie', 'fal', 'replicate']))).toEqual([
      'replicate:environment',
      'fal:user',
    ]);
    const after = await submit(pool, who, ['fal', 'kie'], { routing: { order: ['fal', 'kie'] } });
    expect(await providers(after)).toEqual(['fal:user']);
  });
});

describe('a key that the request names', () => {
  test('is the one that is used, and no other of its pool', async () => {
    const [named] = [await addKey(pool, who, 'fal', { priority: -5 }), await addKey(pool, who, 'fal', { priority: 5 })];
    const answer = await submit(pool, who, ['fal', 'replicate'], { routing: { provider_key: named.id } });
    expect(await providers(answer)).toEqual(['fal:request']);
    const [work] = await runLane(pool, `${own('fal')}#${named.id}`, () => succeeded());
    expect(work?.key_id).toBe(named.id);
    expect(await job(answer.ok.jobs[0].id)).toMatchObject({
      status: 'completed',
      attempts: [{ credential: 'request' }],
    });
  });

  test('that is somebody else’s is not there; one out of service is no key, whatever else lacks one', async () => {
    const stranger = await makePerson(pool);
    const theirs = await addKey(pool, stranger, 'fal');
    const foreign = await submit(pool, who, ['fal'], { routing: { provider_key: theirs.id } });
    expect(codeOf(foreign)).toBe('not_found');
    const mine = await addKey(pool, who, 'fal');
    await must(keys(pool, 'record_probe', [mine.id, 1, { result: 'invalid', message: 'revoked' }]));
    const dead = await submit(pool, who, ['fal'], { routing: { provider_key: mine.id } });
    expect(dead.refusal?.detail).toContain('disabled: revoked');
    const both = await submit(pool, who, ['nobody', 'fal'], { routing: { byok_only: true } });
    expect(both.refusal).toMatchObject({ provider: 'fal', detail: expect.stringContaining('disabled: revoked') });
  });
});

describe('a level whose key is out of service', () => {
  test('does not leave the bill to the next one, unless the request names that one', async () => {
    const studio = await makeOrganization(pool, who);
    const project_id = await makeProject(pool, who, studio);
    const [shared, mine] = [
      await addKey(pool, who, 'fal', { scope: 'organization', scope_id: studio.id }),
      await addKey(pool, who, 'fal'),
    ];
    await must(keys(pool, 'record_probe', [shared.id, 1, { result: 'invalid', message: 'revoked' }]));
    const { refusal } = await submit(pool, who, ['fal'], { project_id });
    expect(refusal?.detail).toContain("the organization's own key is disabled: revoked");
    const answer = await must(
      keys(pool, 'effective_settings', [who.credential, 'image', project_id, {}, [candidate('fal')]]),
    );
    const told = Object.fromEntries(answer.considered.map((c: Json) => [c.origin, c.key]));
    expect([answer.key, told.organization, told.user]).toEqual([null, 'out_of_service', 'not_allowed']);
    const named = await submit(pool, who, ['fal'], { project_id, routing: { provider_key: mine.id } });
    expect(await providers(named)).toEqual(['fal:request']);
    const spare = await addKey(pool, who, 'fal', { scope: 'organization', scope_id: studio.id });
    expect(await providers(await submit(pool, who, ['fal'], { project_id }))).toEqual(['fal:organization']);
    await must(keys(pool, 'patch_provider_key', [who.credential, spare.id, { is_active: false }]));
  });
});

describe('a custom endpoint', () => {
  const url = 'https://mine--image.modal.run';
  const at = (lane: string, address = url) => `${lane}@${sha256(address).slice(0, 16)}`;
  const kept = (endpoint_url = url) => ({ additional_config: { endpoint_url } });

  test('needs no key, costs nothing of the platform’s, and goes with its setting', async () => {
    expect(codeOf(await submit(pool, who, ['modal']))).toBe('provider_key_missing');
    await set({ provider: 'modal', endpoint_url: url });
    const answer = await submit(pool, who, ['modal']);
    expect((await chain(answer))[0]).toMatchObject({ endpoint_url: url, credential: 'user', credits: 0 });
    const [work] = await runLane(pool, at(own('modal')), () => succeeded());
    expect(work?.candidate.endpoint_url).toBe(url);
    expect(await must(keys(pool, 'key_for_attempt', [work?.attempt_id, work?.fence]))).toMatchObject({
      source: 'endpoint',
      api_key: null,
    });
    await must(keys(pool, 'delete_setting', [who.credential, 'user', 'me', 'image', null]));
    expect(codeOf(await submit(pool, who, ['modal']))).toBe('provider_key_missing');
  });

  test('is for its operation only', async () => {
    await set({ provider: 'modal', endpoint_url: url });
    expect(codeOf(await submit(pool, who, ['modal'], { operation: 'video' }))).toBe('provider_key_missing');
  });

  test('never gets the platform’s key, nor a member’s endpoint the organisation’s', async () => {
    const evil = 'https://evil.test';
    const platform = await makeKey(pool, 'modal');
    const studio = await makeOrganization(pool, who);
    await pool.query(`select darkroom.issue($1, 100, 'promo', 'test', null, 'test')`, [studio.account]);
    const place = { scope: 'organization', scope_id: studio.id };
    const shared = [
      await addKey(pool, who, 'modal', place),
      await addKey(pool, who, 'modal', { ...place, ...kept(evil) }),
    ];
    const member = await makePerson(pool);
    await join(pool, who, studio, member, 'member');
    const project_id = await makeProject(pool, who, studio);
    const value = { provider: 'modal', endpoint_url: evil };
    await must(keys(pool, 'put_setting', [member.credential, 'user', 'me', 'image', value, null]));
    const routing = { allow_platform_key: true };
    const answer = await submit(pool, member, ['modal'], { project_id, routing });
    expect(await chain(answer)).toMatchObject([
      { owner_kind: 'user', owner_id: member.account, endpoint_url: 'https://evil.test' },
    ]);
    const [work] = await runLane(pool, at(`modal:user:${member.account}`, evil), () => succeeded());
    expect(work?.key_id).toMatch(/^key_/);
    expect([platform, ...shared.map(({ id }) => id)]).not.toContain(work?.key_id);
    const others = await submit(pool, who, ['modal'], { project_id });
    expect((await chain(others))[0]).not.toHaveProperty('endpoint_url');
  });

  test('is called with its level’s key that was kept with this address, once there is one', async () => {
    await set({ provider: 'modal', endpoint_url: `${url}/v1/?a=1` });
    const key = await addKey(pool, who, 'modal', kept(`${url}/v1`));
    await submit(pool, who, ['modal']);
    const [work] = await runLane(pool, at(own('modal'), `${url}/v1`), () => succeeded());
    expect(work).toMatchObject({ key_id: key.id, candidate: { endpoint_url: `${url}/v1/?a=1` } });
    await must(keys(pool, 'delete_provider_key', [who.credential, key.id]));
    await submit(pool, who, ['modal']);
    const [again] = await runLane(pool, at(own('modal'), `${url}/v1`), () => succeeded());
    expect(again?.key_id).toMatch(/^key_/);
    expect(again?.key_id).not.toBe(key.id);
  });

  test.each([
    ['without one', {}],
    ['with another one', kept('https://mine--image.modal.run.evil.test')],
    ['with another path', kept(`${url}/v2`)],
  ])('never gets a key of its own level that was kept %s', async (_name, more) => {
    const key = await addKey(pool, who, 'fal', more);
    await set({ provider: 'fal', endpoint_url: url });
    const answer = await submit(pool, who, ['fal']);
    const [work] = await runLane(pool, at(own('fal')), () => succeeded());
    const opened = await must(keys(pool, 'key_for_attempt', [work?.attempt_id, work?.fence]));
    expect([opened.source, opened.api_key]).toEqual(['endpoint', null]);
    expect((await chain(answer)).map((c) => c.owner_kind)).toEqual(['user']);
    const named = await submit(pool, who, ['fal'], { routing: { provider_key: key.id } });
    expect(named.refusal?.code).toBe('provider_key_missing');
  });

  test('a key that was kept with an address serves jobs there, and is in no pool with those for the provider', async () => {
    const there = await addKey(pool, who, 'fal', { ...kept(), priority: 9 });
    const asked = [who.credential, 'image', null, {}, [candidate('fal')]];
    expect(await must(keys(pool, 'effective_settings', asked))).toMatchObject({
      endpoint_url: { value: url, origin: 'user' },
      key: { id: there.id },
    });
    const alone = await submit(pool, who, ['fal']);
    expect(await chain(alone)).toMatchObject([{ lane: at(own('fal')), endpoint_url: url, credential: 'user' }]);
    const plain = await addKey(pool, who, 'fal');
    const both = await submit(pool, who, ['fal']);
    expect((await chain(both))[0]).toMatchObject({ lane: own('fal') });
    expect((await chain(both))[0]).not.toHaveProperty('endpoint_url');
    expect(await must(keys(pool, 'effective_settings', asked))).toMatchObject({
      endpoint_url: null,
      key: { id: plain.id },
    });
    expect((await runLane(pool, own('fal'), () => succeeded())).map((w) => w.key_id)).toEqual([plain.id]);
    expect((await runLane(pool, at(own('fal')), () => succeeded())).map((w) => w.key_id)).toEqual([there.id]);
    const routing = { provider_key: there.id };
    expect(await chain(await submit(pool, who, ['fal'], { routing }))).toMatchObject([
      { lane: `${at(own('fal'))}#${there.id}`, endpoint_url: url },
    ]);
    await runLane(pool, `${at(own('fal'))}#${there.id}`, () => succeeded());
  });

  test('a key that was replaced goes where the new one was sent, and jobs that wait for the old address do not get it', async () => {
    const key = await addKey(pool, who, 'fal', kept());
    const waiting = await submit(pool, who, ['fal']);
    await must(replaceKey(pool, who, key.id, kept('https://new.test')));
    expect(await runLane(pool, at(own('fal')), () => succeeded())).toEqual([]);
    expect(await job(waiting.ok.jobs[0].id)).toMatchObject({ status: 'failed' });
    const moved = await submit(pool, who, ['fal']);
    expect((await chain(moved))[0]).toMatchObject({ endpoint_url: 'https://new.test' });
    const [work] = await runLane(pool, at(own('fal'), 'https://new.test'), () => succeeded());
    expect(work).toMatchObject({ key_id: key.id, key_version: 2 });
  });

  test('the platform’s own key may have an address as well, and is sent there', async () => {
    const operator = await makeOperator(pool);
    const key = await addKey(pool, operator, 'hosted', { scope: 'platform', ...kept() });
    const answer = await submit(pool, who, ['hosted']);
    expect(await chain(answer)).toMatchObject([{ endpoint_url: url, credential: 'environment', credits: 10 }]);
    const [work] = await runLane(pool, at('hosted:platform'), () => succeeded());
    expect(work?.key_id).toBe(key.id);
  });

  test('that refuses is out of service until its setting is written again', async () => {
    await set({ provider: 'modal', endpoint_url: url });
    await submit(pool, who, ['modal']);
    await runLane(pool, at(own('modal')), () => disabled);
    expect(codeOf(await submit(pool, who, ['modal']))).toBe('provider_key_missing');
    await set({ provider: 'modal', endpoint_url: `${url}/v2` });
    expect(codeOf(await submit(pool, who, ['modal']))).toBe('ok');
    await runLane(pool, at(own('modal'), `${url}/v2`), () => succeeded());
  });
});
