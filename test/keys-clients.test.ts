import { describe, expect, test } from 'vitest';
import { secretKind } from '../shared/auth/secrets.ts';
import type { Json } from './client.ts';
import { falKey } from './keys.ts';
import { foundStudio, made, signUp } from './people.ts';
import { api, makeAccount, pool, untilEnded, waitFor } from './stack.ts';

const image = (more: object = {}) => ({ model: 'flux-dev', input: { prompt: 'a lighthouse' }, ...more });

describe('client tokens', () => {
  const mint = (key: string, user_ref: string, more: object = {}) =>
    made(api('/v1/client-tokens', { key, body: { user_ref, scopes: ['jobs'], expires_in: 600, ...more } }));

  test('run and see jobs of their own user, and nothing else of the account', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    const [ada, bob] = await Promise.all([mint(key, 'ada'), mint(key, 'bob')]);
    expect(secretKind(ada.token)).toBe('client_token');
    const { body: job } = await api('/v1/jobs', { bearer: ada.token, body: image() });
    expect(job.end_user).toBe('ada');
    await api('/v1/jobs', { key, body: image() });
    await untilEnded(job.id, { key });
    const listed = async (bearer: string) => (await api('/v1/jobs', { bearer })).body.data.map(({ id }: Json) => id);
    expect([await listed(ada.token), await listed(bob.token)]).toEqual([[job.id], []]);
    expect((await api(`/v1/jobs/${job.id}`, { bearer: bob.token })).status).toBe(404);
    expect((await api(`/v1/jobs/${job.id}/cancel`, { bearer: bob.token, method: 'POST' })).status).toBe(404);
    for (const path of [
      '/v1/provider-keys',
      '/v1/api-keys',
      '/v1/audit-log',
      '/v1/provider-settings',
      '/v1/credits/entries',
    ])
      expect([path, (await api(path, { bearer: ada.token })).status]).toEqual([path, 403]);
    expect(
      (
        await api('/v1/client-tokens', {
          bearer: ada.token,
          body: { user_ref: 'eve', scopes: ['jobs'], expires_in: 60 },
        })
      ).status,
    ).toBe(403);
  });

  test('never spend the platform’s keys where the account’s own are down', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    const { token } = await mint(key, 'ada');
    const body = image({ routing: { allow_platform_key: true } });
    const asked = await api('/v1/jobs', { bearer: token, body });
    expect([asked.status, asked.body]).toMatchObject([403, { detail: expect.stringContaining('allow_platform_key') }]);
    expect((await api('/v1/jobs', { key, body })).status).toBe(202);
  });

  test('spend no more than they may, on models that they may, for as long as they may', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    const { token } = await mint(key, 'ada', { max_credits: 40, allowed_models: ['flux-dev'] });
    const submit = (body: object) => api('/v1/jobs', { bearer: token, body });
    expect((await submit(image())).status).toBe(202);
    const over = await submit(image({ count: 4 }));
    expect([over.status, over.body.code]).toEqual([402, 'spend_cap_reached']);
    expect((await submit(image({ model: 'flux-2-pro' }))).status).toBe(403);
    const short = await mint(key, 'ada', { expires_in: 1 });
    await waitFor(async () => (await api('/v1/jobs', { bearer: short.token })).status === 401);
  });

  test('fall with a word, and with the key that made them', async () => {
    const account = await makeAccount();
    const { key, id } = await made(
      api('/v1/api-keys', { key: account.api_key, body: { name: 'app', scopes: ['jobs'] } }),
    );
    const [one, two] = await Promise.all([mint(key, 'ada'), mint(key, 'bob')]);
    const status = async (bearer: string) => (await api('/v1/jobs', { bearer })).status;
    expect((await api(`/v1/client-tokens/${one.id}`, { key, method: 'DELETE' })).status).toBe(204);
    expect([await status(one.token), await status(two.token)]).toEqual([401, 200]);
    await api(`/v1/api-keys/${id}`, { key: account.api_key, method: 'DELETE' });
    expect(await status(two.token)).toBe(401);
  });
});

describe('API keys', () => {
  const make = async (key: string, body: object = {}) =>
    made(api('/v1/api-keys', { key, body: { name: 'ci', scopes: ['jobs'], ...body } }));
  const status = async (key: string, path = '/v1/jobs') => (await api(path, { key })).status;

  test('are shown once: not in a list, not by a replay, and nowhere in the database', async () => {
    const { api_key: key } = await makeAccount();
    const headers = { 'idempotency-key': 'once' };
    const body = { name: 'ci', scopes: ['jobs'] };
    const first = await api('/v1/api-keys', { key, body, headers });
    const again = await api('/v1/api-keys', { key, body, headers });
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true']);
    expect(again.body).toMatchObject({ id: first.body.id, prefix: first.body.key.slice(0, 12) });
    expect(again.body).not.toHaveProperty('key');
    expect(secretKind(first.body.key)).toBe('api_key');
    expect(await status(first.body.key)).toBe(200);
    const { body: list } = await api('/v1/api-keys', { key });
    expect(JSON.stringify(list)).not.toContain(first.body.key);
    const mismatch = await api('/v1/api-keys', { key, body: { ...body, name: 'other' }, headers });
    expect([mismatch.status, mismatch.body.code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('a rolled one works beside its successor for a while; a revoked one not for a moment', async () => {
    const { api_key: key } = await makeAccount();
    const old = await make(key, { monthly_credit_cap: 100 });
    const rolled = await made(api(`/v1/api-keys/${old.id}/roll`, { key, body: { overlap_seconds: 2 } }));
    expect(rolled).toMatchObject({
      name: 'ci',
      scopes: ['jobs'],
      monthly_credit_cap: 100,
      rolled_from: { id: old.id },
    });
    expect([await status(old.key), await status(rolled.key)]).toEqual([200, 200]);
    await waitFor(async () => (await status(old.key)) === 401, 5_000);
    expect(await status(rolled.key)).toBe(200);
    expect((await api(`/v1/api-keys/${rolled.id}`, { key, method: 'DELETE' })).status).toBe(204);
    expect(await status(rolled.key)).toBe(401);
  });

  test('a rolled one stays rolled, and none begins when it has ended', async () => {
    const { api_key: key } = await makeAccount();
    const old = await make(key);
    const { id } = await made(api(`/v1/api-keys/${old.id}/roll`, { key, body: { overlap_seconds: 0 } }));
    const revived = await api(`/v1/api-keys/${old.id}`, { key, method: 'PATCH', body: { expires_at: null } });
    expect([revived.status, revived.body.replaced_by, await status(old.key)]).toEqual([409, id, 401]);
    const ended = { name: 'late', scopes: ['jobs'], expires_at: new Date(Date.now() - 1_000).toISOString() };
    const late = await api('/v1/api-keys', { key, body: ended });
    expect([late.status, late.body.errors?.[0].path]).toEqual([422, 'expires_at']);
  });

  test('an organisation’s keeps provider’s keys for the organisation, and lets nobody in while it is limited', async () => {
    const [owner, other] = [await signUp('owner'), await signUp('other')];
    const studio = await foundStudio(owner, other);
    const robot = await made(
      api('/v1/api-keys', { ...owner, body: { name: 'ci', scopes: ['keys'], organization_id: studio.id } }),
    );
    const kept = await api('/v1/provider-keys', { key: robot.key, body: { provider: 'fal', api_key: falKey() } });
    expect([kept.status, kept.body]).toMatchObject([201, { scope: 'organization', scope_id: studio.id }]);
    const members = `/v1/organizations/${studio.id}/members`;
    const invited = await api(members, { key: robot.key, body: { email: 'eve@film.test', role: 'admin' } });
    expect([invited.status, invited.body]).toMatchObject([403, { detail: expect.stringContaining('without limits') }]);
    expect((await api(`${members}/${other.id}`, { key: robot.key, method: 'DELETE' })).status).toBe(403);
  });

  test('do what their scopes say, and make none that may more', async () => {
    const { api_key: key } = await makeAccount({ credits: 100 });
    const jobs = await make(key);
    const keys = await make(key, { scopes: ['keys'] });
    expect([await status(jobs.key), await status(jobs.key, '/v1/provider-keys')]).toEqual([200, 403]);
    expect([await status(keys.key), await status(keys.key, '/v1/provider-keys')]).toEqual([403, 200]);
    const more = await api('/v1/api-keys', { key: keys.key, body: { name: 'more', scopes: ['jobs'] } });
    expect([more.status, more.body.code]).toEqual([403, 'forbidden']);
    expect((await api('/v1/api-keys', { key, body: { name: 'root', scopes: ['admin'] } })).status).toBe(403);
  });

  test('a cap of its own, a list of models, an end', async () => {
    const { api_key: key } = await makeAccount({ credits: 1_000 });
    const capped = await make(key, { monthly_credit_cap: 40, allowed_models: ['flux-dev'] });
    expect((await api('/v1/jobs', { key: capped.key, body: image() })).status).toBe(202);
    expect((await api('/v1/jobs', { key: capped.key, body: image({ count: 4 }) })).body.code).toBe('spend_cap_reached');
    expect((await api('/v1/jobs', { key: capped.key, body: image({ model: 'flux-2-pro' }) })).status).toBe(403);
    const path = `/v1/api-keys/${capped.id}`;
    expect(
      (await api(path, { key, method: 'PATCH', body: { monthly_credit_cap: null } })).body.monthly_credit_cap,
    ).toBeNull();
    const ended = { expires_at: new Date(Date.now() - 1_000).toISOString() };
    expect((await api(path, { key, method: 'PATCH', body: ended })).body.status).toBe('expired');
    expect(await status(capped.key)).toBe(401);
  });

  test('when a key was used last is known', async () => {
    const { api_key: key } = await makeAccount();
    const made = await make(key);
    expect(made.last_used_at).toBeNull();
    await status(made.key);
    expect((await api(`/v1/api-keys/${made.id}`, { key })).body.last_used_at).not.toBeNull();
    const { rows } = await pool().query('select hash from darkroom.api_keys where id = $1', [made.id]);
    expect(rows[0].hash).toMatch(/^[0-9a-f]{64}$/);
  });
});
