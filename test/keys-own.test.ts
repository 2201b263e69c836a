import { describe, expect, test } from 'vitest';
import type { Json } from './client.ts';
import { falKey, replicateKey } from './keys.ts';
import { foundStudio, made, signUp } from './people.ts';
import { api, control, makeAccount, pool, stack, untilEnded, waitFor } from './stack.ts';

const FAL = { model: 'fal-ai/flux/dev' };

const keep = (who: { key?: string; bearer?: string }, api_key: string, more: object = {}) =>
  made(api('/v1/provider-keys', { ...who, body: { provider: 'fal', api_key, ...more } }));

async function submit(who: { key?: string; bearer?: string }, more: object = {}) {
  const prompt = `a lighthouse ${crypto.randomUUID()}`;
  const answer = await api('/v1/jobs', { ...who, body: { ...FAL, input: { prompt }, ...more } });
  return { ...answer, prompt };
}

const untilDone = (id: string, who: { key?: string; bearer?: string }) =>
  waitFor(async () => {
    const { body } = await api(`/v1/jobs/${id}`, who);
    return ['completed', 'failed', 'canceled', 'expired'].includes(body.status) && body;
  }, 20_000);

/** With which keys the emulated provider was asked for this prompt. */
async function askedWith(prompt: string, provider = 'fal'): Promise<string[]> {
  const url = `${stack().emulators[provider]}/__requests?prompt=${encodeURIComponent(prompt)}`;
  const { data } = (await (await fetch(url)).json()) as { data: { key_last4: string }[] };
  return data.map(({ key_last4 }) => key_last4);
}

describe('a job on one’s own key', () => {
  test('is paid with it: no credits, no fee, and the job says so', async () => {
    const { api_key: key } = await makeAccount({ credits: 0 });
    const own = falKey();
    const kept = await keep({ key }, own, { name: 'Mine' });
    expect(kept).toMatchObject({
      provider: 'fal',
      scope: 'user',
      last4: own.slice(-4),
      state: 'active',
      is_active: true,
      usage_count: 0,
    });
    expect(JSON.stringify(kept)).not.toContain(own);
    const { body, prompt } = await submit({ key });
    const job = await untilEnded(body.id, { key });
    expect(job).toMatchObject({
      status: 'completed',
      credits: { held: 0, charged: 0, refunded: 0 },
      usage: { byok: true },
      attempts: [{ provider: 'fal', credential: 'user', status: 'succeeded' }],
    });
    expect(await askedWith(prompt)).toEqual([own.slice(-4)]);
    const { body: used } = await api(`/v1/provider-keys/${kept.id}`, { key });
    expect(used).toMatchObject({ usage_count: 1, last_used_at: expect.any(String), running: 0 });
  });

  test('goes on with the next version once the key is replaced, and nowhere once it is deleted', async () => {
    const { api_key: key } = await makeAccount();
    const [one, two] = [falKey(), falKey()];
    const { id } = await keep({ key }, one);
    const running = await submit({ key }, { input: { prompt: `#slow=2 ${crypto.randomUUID()}` } });
    await waitFor(async () => (await api(`/v1/jobs/${running.body.id}`, { key })).body.attempts.length > 0);
    expect((await api(`/v1/provider-keys/${id}/replace`, { key, body: { api_key: two } })).body).toMatchObject({
      version: 2,
      last4: two.slice(-4),
    });
    const after = await submit({ key });
    expect((await untilEnded(after.body.id, { key })).status).toBe('completed');
    expect(await askedWith(after.prompt)).toEqual([two.slice(-4)]);
    expect((await untilEnded(running.body.id, { key })).status).toBe('completed');
    expect((await api(`/v1/provider-keys/${id}`, { key, method: 'DELETE' })).status).toBe(204);
    expect((await api(`/v1/provider-keys/${id}`, { key })).status).toBe(404);
    await waitFor(
      async () => (await pool().query('select from darkroom.sealed_keys where key_id = $1', [id])).rowCount === 0,
    );
    expect((await submit({ key }, { routing: { byok_only: true } })).status).toBe(422);
  });

  test('that was refused never becomes the platform’s, unless the caller allowed it', async () => {
    const { api_key: key } = await makeAccount({ credits: 5_000 });
    const own = falKey();
    const { id } = await keep({ key }, own);
    await control('fal', { match: { key: own }, fault: '401' });
    const { body, prompt } = await submit({ key });
    const job = await untilEnded(body.id, { key });
    expect(job).toMatchObject({ status: 'failed', credits: { charged: 0 }, error: { code: 'provider_key_invalid' } });
    expect(job.attempts.map(({ credential }: Json) => credential)).toEqual(['user']);
    expect(await askedWith(prompt)).toEqual([]);
    expect((await api(`/v1/provider-keys/${id}`, { key })).body).toMatchObject({
      state: 'disabled',
      state_reason: expect.any(String),
      events: [{ from: 'active', to: 'disabled' }],
    });
    expect((await submit({ key })).status).toBe(422);
    const allowed = await submit({ key }, { routing: { allow_platform_key: true } });
    const paid = await untilEnded(allowed.body.id, { key });
    expect(paid).toMatchObject({
      status: 'completed',
      usage: { byok: false },
      attempts: [{ credential: 'environment' }],
    });
    expect(paid.credits.charged).toBeGreaterThan(0);
    await control('fal', { match: { key: own }, fault: null });
    expect((await api(`/v1/provider-keys/${id}/test`, { key, method: 'POST' })).body.result).toBe('valid');
    expect((await api(`/v1/provider-keys/${id}`, { key })).body).toMatchObject({ state: 'active', state_reason: null });
  });
});

describe('an organisation’s key', () => {
  test('is used by a member who cannot read, change or test it; the organisation pays, and knows who', async () => {
    const [owner, member, stranger] = await Promise.all([signUp('owner'), signUp('member'), signUp('stranger')]);
    const studio = await foundStudio(owner, member);
    const own = falKey();
    const kept = await keep(owner, own, { scope: 'organization', scope_id: studio.id });
    const { body, status, prompt } = await submit(member, { account_id: studio.account_id });
    expect([status, body.account_id]).toEqual([202, studio.account_id]);
    const job = await untilDone(body.id, member);
    expect(job).toMatchObject({
      status: 'completed',
      attempts: [{ credential: 'organization' }],
      usage: { byok: true },
    });
    expect(await askedWith(prompt)).toEqual([own.slice(-4)]);
    const path = `/v1/provider-keys/${kept.id}`;
    const seen = await api(path, member);
    expect(JSON.stringify(seen.body)).not.toContain(own);
    expect((await api(path, { ...member, method: 'PATCH', body: { is_active: false } })).status).toBe(403);
    expect((await api(`${path}/test`, { ...member, method: 'POST' })).status).toBe(403);
    expect((await api(path, { ...member, method: 'DELETE' })).status).toBe(403);
    for (const method of ['GET', 'DELETE']) expect((await api(path, { ...stranger, method })).status).toBe(404);
    const { rows } = await pool().query('select user_id from darkroom.jobs where id = $1', [body.id]);
    expect(rows).toEqual([{ user_id: member.id }]);
  });

  test('its log says who did what, to owners and nobody else', async () => {
    const [owner, member] = await Promise.all([signUp('owner'), signUp('member')]);
    const studio = await foundStudio(owner, member);
    await keep(owner, falKey(), { scope: 'organization', scope_id: studio.id });
    const path = `/v1/audit-log?scope=organization&scope_id=${studio.id}`;
    const { data } = await made(api(path, owner));
    expect(data.map(({ action }: Json) => action)).toEqual([
      'provider_key.created',
      'member.joined',
      'member.invited',
      'organization.created',
    ]);
    expect(data.map(({ user_id }: Json) => user_id)).toEqual([owner.id, member.id, owner.id, owner.id]);
    expect((await api(path, member)).status).toBe(403);
  });
});

describe('trying a key', () => {
  const tryKey = (provider: string, api_key: string, key: string) =>
    made(api('/v1/provider-keys/test', { key, body: { provider, api_key } }));

  test.each([
    ['fal', falKey],
    ['replicate', replicateKey],
  ])(
    '%s says valid, invalid with its reason, out of credit; and nothing, in under three seconds',
    async (provider, newKey) => {
      const { api_key: key } = await makeAccount();
      const own = newKey();
      expect(await tryKey(provider, own, key)).toMatchObject({ result: 'valid', ms: expect.any(Number) });
      for (const [fault, result] of Object.entries({
        '401': 'invalid',
        '402': 'out_of_credit',
        timeout: 'unreachable',
      })) {
        await control(provider, { match: { key: own }, fault, times: 1 });
        const started = performance.now();
        const answer = await tryKey(provider, own, key);
        expect([fault, answer]).toMatchObject([fault, { result, message: expect.stringMatching(/\w/) }]);
        expect(performance.now() - started).toBeLessThan(4_000);
        expect(answer.ms).toBeLessThan(3_000);
      }
    },
  );

  test('what is out of credit comes back by itself, once a probe says so', async () => {
    const { api_key: key } = await makeAccount();
    const own = falKey();
    const { id } = await keep({ key }, own);
    await control('fal', { match: { key: own }, fault: '402', times: 1 });
    expect((await api(`/v1/provider-keys/${id}/test`, { key, method: 'POST' })).body.result).toBe('out_of_credit');
    const { body } = await api(`/v1/provider-keys/${id}`, { key });
    expect(body).toMatchObject({ state: 'out_of_credit', next_probe_at: expect.any(String) });
    await pool().query(`update darkroom.provider_api_keys set probe_at = now() where id = $1`, [id]);
    await waitFor(async () => (await api(`/v1/provider-keys/${id}`, { key })).body.state === 'active');
  });
});

test('no key at all: what for, where it is made, where it is set; before any credits are held', async () => {
  const { api_key: key } = await makeAccount({ credits: 500 });
  const { status, body } = await submit({ key }, { routing: { byok_only: true } });
  expect(status).toBe(422);
  expect(body).toMatchObject({
    code: 'provider_key_missing',
    operation: 'image',
    provider: 'fal',
    settings_url: `${stack().origin}/v1/provider-settings/user/me/image`,
    key_url: 'https://fal.ai/dashboard/keys',
    detail: expect.stringMatching(/^No API key configured for fal/),
  });
  expect((await api('/v1/credits', { key })).body).toMatchObject({ available: 500, held: 0 });
});

test('a pool of one’s own takes turns as it is told', async () => {
  const { api_key: key } = await makeAccount();
  const own = [falKey(), falKey(), falKey()];
  for (const one of own) await keep({ key }, one);
  expect(
    (await api('/v1/key-pools/fal', { key, method: 'PUT', body: { strategy: 'round_robin' } })).body.strategy,
  ).toBe('round_robin');
  const prompts = await Promise.all(
    Array.from({ length: 9 }, async () => {
      const { body, prompt } = await submit({ key });
      await untilEnded(body.id, { key });
      return prompt;
    }),
  );
  const used = (await Promise.all(prompts.map((prompt) => askedWith(prompt)))).flat();
  for (const one of own) expect(used.filter((last4) => last4 === one.slice(-4))).toHaveLength(3);
  const { data } = await made(api('/v1/key-pools', { key }));
  expect(data).toMatchObject([
    { profile: 'fal', strategy: 'round_robin', keys: [expect.any(String), expect.any(String), expect.any(String)] },
  ]);
});
