import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { endAttempt, failed, type Json, rpc, succeeded } from '../fixtures.ts';
import { expectSound } from '../sound.ts';
import { addKey, codeOf, keys, makePerson, must, type Person, submit } from './people.ts';

let pool: Pool;
let who: Person;
let key: Json;
beforeAll(async () => {
  pool = await freshDatabase();
});
beforeEach(async () => {
  await pool.query('update darkroom.provider_api_keys set deleted_at = now() where deleted_at is null');
  who = await makePerson(pool, 1000);
  key = await addKey(pool, who, 'fal');
});
afterAll(async () => {
  await expectSound(pool);
  await pool.end();
});

const call = (name: string, ...args: unknown[]) => keys(pool, name, [who.credential, ...args]);
const state = async () => must(call('get_provider_key', key.id));
const probe = (result: Json, version = 1) => must(keys(pool, 'record_probe', [key.id, version, result]));
const due = async (clock: string) =>
  (await must(keys(pool, 'due_probes', [10], clock))).map((k: Json) => [k.key_id, k.state]);

/** Runs one job whose attempt ends with this verdict about its key. */
async function run(verdict: Json, clock?: string) {
  const answer = await submit(pool, who, ['fal']);
  if (answer.refusal) return answer;
  const { attempts } = (await rpc(pool, 'worker', 'claim', [`fal:user:${who.account}`, 10], clock)).ok;
  for (const work of attempts) await endAttempt(pool, work, verdict, clock);
  return answer;
}
const disabled = failed('key', { key_state: 'disabled', key_reason: 'Invalid token' });
const broke = failed('key', { key_state: 'out_of_credit', key_reason: 'Balance is 0' });

describe('out of service', () => {
  test.each([
    ['disabled', disabled, 'Invalid token'],
    ['out_of_credit', broke, 'Balance is 0'],
  ])('%s: with the reason, as an event, in the log and on open pages', async (name, verdict, reason) => {
    await run(verdict);
    expect(await state()).toMatchObject({
      state: name,
      state_reason: reason,
      next_probe_at: expect.any(String),
      failure_count: 1,
      usage_count: 0,
      events: [{ from: 'active', to: name, reason }],
    });
    const { data } = await must(call('audit_log', { target: key.id }));
    expect(data[0]).toMatchObject({ actor: 'system', action: `provider_key.${name}`, after: { state: name, reason } });
    const { events } = await must(call('settings_events', 0, {}, 100));
    expect(events.at(-1)).toMatchObject({ type: `provider_key.${name}`, data: { id: key.id, reason } });
  });

  test('the next job is told which key is out and why, and holds nothing', async () => {
    await run(disabled);
    const { refusal } = await run(disabled);
    expect(refusal).toMatchObject({ code: 'provider_key_missing', provider: 'fal', operation: 'image' });
    expect(refusal?.detail).toContain("the user's own key is disabled: Invalid token");
    expect((await rpc(pool, 'submit', 'credits', [who.credential, null])).ok.held).toBe(0);
  });

  test('a verdict about an older version says nothing about the key', async () => {
    await must(submit(pool, who, ['fal']));
    const { attempts } = (await rpc(pool, 'worker', 'claim', [`fal:user:${who.account}`, 10])).ok;
    const { version } = await must(call('prepare_provider_key', { id: key.id }));
    const body = { version, last4: 'new1', fingerprint: 'new', api_key: 'dkv1.x' };
    await must(call('replace_provider_key', key.id, body, {}));
    await endAttempt(pool, attempts[0], disabled);
    expect(await state()).toMatchObject({ state: 'active', state_reason: null, version: 2 });
  });

  test('a person puts it back, and so does a replacement', async () => {
    await run(disabled);
    await must(call('patch_provider_key', key.id, { is_active: true }));
    expect(await state()).toMatchObject({ state: 'active', state_reason: null, next_probe_at: null });
    await run(disabled);
    const { version } = await must(call('prepare_provider_key', { id: key.id }));
    const body = { version, last4: 'new1', fingerprint: 'new', api_key: 'dkv1.x' };
    await must(call('replace_provider_key', key.id, body, {}));
    expect(await state()).toMatchObject({ state: 'active', version: 2 });
  });

  test('429 cools it for that route only, as long as the provider said', async () => {
    await run(failed('rate_limited', { key_state: 'cooling', retry_after_seconds: 60 }));
    const { cooling, state: name } = await state();
    expect(name).toBe('active');
    expect(cooling).toMatchObject([{ provider_model: 'fal/one' }]);
    const seconds = (Date.parse(cooling[0].until) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThan(61);
  });
});

describe('probes', () => {
  test('start a minute later, come with what opens the key, and are leased', async () => {
    await run(broke);
    expect(await due('50 s')).toEqual([]);
    expect(await due('61 s')).toEqual([[key.id, 'out_of_credit']]);
    expect(await due('62 s')).toEqual([]);
    const material = (await must(keys(pool, 'due_probes', [10], '10 minutes')))[0];
    expect(material).toMatchObject({ key_id: key.id, version: 1, owner: `user:${who.account}`, provider: 'fal' });
    expect(material.api_key).toMatch(/^dkv1\./);
  });

  test('valid brings it back, and what waits goes on', async () => {
    await run(disabled);
    expect(await probe({ result: 'valid', message: 'ok' })).toMatchObject({ recorded: true, state: 'active' });
    expect(await state()).toMatchObject({ state: 'active', state_reason: null, next_probe_at: null });
    const { data } = await must(call('audit_log', { target: key.id, action: 'provider_key.recovered' }));
    expect(data).toHaveLength(1);
    expect(codeOf(await run(succeeded()))).toBe('ok');
    expect(await state()).toMatchObject({ usage_count: 1, running: 0, last_used_at: expect.any(String) });
  });

  test('invalid and out of credit keep it out with the new reason; unreachable says nothing', async () => {
    await run(disabled);
    expect(await probe({ result: 'unreachable', message: 'timeout' })).toMatchObject({ state: 'disabled' });
    expect((await state()).state_reason).toBe('Invalid token');
    expect(await probe({ result: 'out_of_credit', message: 'Top up' })).toMatchObject({ state: 'out_of_credit' });
    expect((await state()).state_reason).toBe('Top up');
    expect(await probe({ result: 'valid' }, 7)).toMatchObject({ recorded: false });
    expect((await state()).state).toBe('out_of_credit');
  });

  test('come ever later for a key that is called valid and fails again, and early again once it has worked', async () => {
    const wait = async () => (Date.parse((await state()).next_probe_at) - Date.now()) / 60_000;
    const waits = [];
    for (let i = 0; i < 4; i++) {
      await run(broke);
      waits.push(Math.round(await wait()));
      await due(`${2 ** i + 1} minutes`);
      await probe({ result: 'valid' });
    }
    expect(waits).toEqual([1, 2, 4, 8]);
    await run(succeeded());
    await run(broke);
    expect(Math.round(await wait())).toBe(1);
  });

  test('a provider’s Retry-After is honoured, a switched-off or deleted key is left alone', async () => {
    await run(broke);
    await probe({ result: 'unreachable', retry_after_seconds: 7200 });
    expect(await due('110 minutes')).toEqual([]);
    expect(await due('121 minutes')).toHaveLength(1);
    await must(call('patch_provider_key', key.id, { is_active: false }));
    expect(await due('1 day')).toEqual([]);
    await must(call('delete_provider_key', key.id));
    expect(await due('2 days')).toEqual([]);
  });

  test('a test that somebody asks for counts as one, and only for those who manage the key', async () => {
    await run(disabled);
    const tested = await must(call('record_key_test', key.id, 1, { result: 'valid', message: 'ok' }));
    expect(tested).toMatchObject({ id: key.id, state: 'active' });
    const stranger = await makePerson(pool);
    const foreign = await keys(pool, 'record_key_test', [stranger.credential, key.id, 1, { result: 'invalid' }]);
    expect(codeOf(foreign)).toBe('not_found');
    expect((await state()).state).toBe('active');
    const { data } = await must(call('audit_log', { action: 'provider_key.tested' }));
    expect(data).toMatchObject([{ actor: who.user, after: { result: 'valid' } }]);
  });
});
