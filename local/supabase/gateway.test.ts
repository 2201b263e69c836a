import { createClient } from '@supabase/supabase-js';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freshDatabase } from '../../test/fresh-database.ts';
import { type Listening, listen } from '../emulators/support/serve.ts';
import { createGateway } from './gateway.ts';
import { mintProjectKeys, type ProjectKeys } from './project-keys.ts';
import { signToken } from './tokens.ts';

let pool: pg.Pool;
let project: ProjectKeys;
let gateway: Listening;

/** Functions of every kind, as an exposed schema has them. */
const probes = `
  create function api.probe_echo(a jsonb, b text default 'none', n int default 0) returns jsonb language sql as
    $$ select jsonb_build_object('a', a, 'b', b, 'n', n) $$;
  create function api.probe_context() returns jsonb language sql stable as
    $$ select jsonb_build_object('role', current_user, 'sub', current_setting('request.jwt.claims')::jsonb->>'sub',
      'read_only', current_setting('transaction_read_only'), 'timeout', current_setting('statement_timeout'),
      'offset', current_setting('darkroom.clock_offset', true)) $$;
  create function api.probe_raise(code text) returns jsonb language plpgsql as
    $$ begin raise exception 'raised' using errcode = code, detail = 'why', hint = 'what now'; end $$;
  create function api.probe_void() returns void language sql as $$ select $$;
  create function api.probe_set() returns setof int language sql as $$ select generate_series(1, 3) $$;
  create function api.probe_secret() returns jsonb language sql as $$ select '{}'::jsonb $$;
  create table darkroom.probe_log (at timestamptz default now());
  create function api.probe_write() returns jsonb language sql security definer as
    $$ with w as (insert into darkroom.probe_log default values returning 1) select jsonb_build_object('rows', count(*)) from w $$;
  create table api.probe_table (id int);
  revoke execute on all functions in schema api from public;
  grant execute on function api.probe_echo, api.probe_context, api.probe_raise, api.probe_void, api.probe_set, api.probe_write to submit;
  grant usage on schema api to anon;`;

beforeAll(async () => {
  pool = await freshDatabase();
  await pool.query(probes);
  project = await mintProjectKeys();
  const { rows } = await pool.query<{ name: string }>('select current_database() as name');
  const on = (url: string, user?: string) => {
    const changed = new URL(url);
    changed.pathname = `/${rows[0]?.name}`;
    if (user !== undefined) changed.username = user;
    return changed.href;
  };
  const { owner_url: ownerUrl, authenticator_url: authenticatorUrl } = inject('database');
  gateway = await listen(
    createGateway({
      authenticatorUrl: on(authenticatorUrl),
      ownerUrl: on(ownerUrl),
      signingKey: project.signing_key,
      anonKey: project.anon_key,
    }),
  );
});

afterAll(async () => {
  await gateway.close();
  await pool.end();
});

const submit = (token = project.role_tokens.submit) =>
  createClient(gateway.origin, project.anon_key, { accessToken: async () => token }).schema('api');

const control = (request: object) =>
  fetch(`${gateway.origin}/__control`, { method: 'POST', body: JSON.stringify(request) });

describe('calling functions', () => {
  test('takes named arguments by their types, with defaults', async () => {
    const { data } = await submit().rpc('probe_echo', { a: { deep: [1, "it's"] }, n: 7 });
    expect(data).toEqual({ a: { deep: [1, "it's"] }, b: 'none', n: 7 });
  });

  test('runs as the token’s role, with its claims and its role’s settings, read-only where the function is stable', async () => {
    const { data } = await submit().rpc('probe_context');
    expect(data).toMatchObject({ role: 'submit', read_only: 'on', timeout: '8s' });
  });

  test('answers 204 for void and an array for a set', async () => {
    expect((await submit().rpc('probe_void')).status).toBe(204);
    expect((await submit().rpc('probe_set')).data).toEqual([1, 2, 3]);
  });

  test('an unknown name and unknown arguments are PGRST202', async () => {
    const { error, status } = await submit().rpc('probe_nothing');
    expect([status, error?.code]).toEqual([404, 'PGRST202']);
    const wrong = await submit().rpc('probe_echo', { a: 1, c: 2 });
    expect(wrong.error).toMatchObject({ code: 'PGRST202', hint: expect.stringContaining('probe_echo(a, b, n)') });
  });

  test('a function made a moment ago is found', async () => {
    await pool.query("create function api.probe_new() returns jsonb language sql as $$ select '1'::jsonb $$");
    await pool.query('grant execute on function api.probe_new to submit');
    expect((await submit().rpc('probe_new')).data).toBe(1);
  });

  test('only exposed schemas can be reached', async () => {
    const { error, status } = await createClient(gateway.origin, project.anon_key).schema('darkroom').rpc('now');
    expect([status, error?.code]).toEqual([406, 'PGRST106']);
  });

  test.each([
    ['P0001', 400],
    ['40001', 500],
    ['23505', 409],
    ['42501', 403],
    ['53300', 503],
    ['57014', 500],
    ['22023', 400],
    ['PT418', 418],
  ])('SQLSTATE %s is a %i with PostgREST’s body', async (code, expected) => {
    const { error, status } = await submit().rpc('probe_raise', { code });
    expect(status).toBe(expected);
    expect(error).toMatchObject({ code, message: 'raised', details: 'why', hint: 'what now' });
  });
});

describe('who may call', () => {
  const call = (headers: Record<string, string>, path = 'rpc/probe_echo') =>
    fetch(`${gateway.origin}/rest/v1/${path}`, { method: 'POST', body: '{"a": 1}', headers });

  test('no key, and a wrong one, are turned away before PostgREST', async () => {
    expect((await call({})).status).toBe(401);
    expect(await (await call({ apikey: 'guess' })).json()).toMatchObject({ message: 'Invalid API key' });
  });

  test('the anonymous key may do nothing', async () => {
    const answer = await call({ apikey: project.anon_key, authorization: `Bearer ${project.anon_key}` });
    expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ code: '42501' })]);
    const table = await fetch(`${gateway.origin}/rest/v1/probe_table`, { headers: { apikey: project.anon_key } });
    expect([table.status, await table.json()]).toEqual([401, expect.objectContaining({ code: '42501' })]);
  });

  test('a function without a grant is 403, one of another Worker too', async () => {
    expect((await submit().rpc('probe_secret')).status).toBe(403);
    expect((await submit(project.role_tokens.keys).rpc('probe_context')).error?.code).toBe('42501');
  });

  test('a forged, an expired and a broken token are 401', async () => {
    const other = await mintProjectKeys();
    const expired = await signToken(project.signing_key, { role: 'submit' }, -10);
    for (const token of [other.role_tokens.submit, expired, 'broken']) {
      const { status, error } = await submit(token).rpc('probe_context');
      expect(status).toBe(401);
      expect(error?.code).toMatch(/^PGRST30[13]$/);
    }
  });

  test('a role that authenticator may not take is refused', async () => {
    const token = await signToken(project.signing_key, { role: 'supabase_admin' }, 60);
    expect((await submit(token).rpc('probe_context')).status).toBe(403);
  });
});

describe('faults', () => {
  const rows = async () => Number((await pool.query('select count(*) from darkroom.probe_log')).rows[0].count);
  const match = { fn: 'probe_write' };

  test('drop-before leaves nothing, drop-after its effect; neither answers', async () => {
    const before = await rows();
    await control({ match, fault: 'drop-before', times: 1 });
    expect((await submit().rpc('probe_write')).error?.message).toMatch(/fetch failed/);
    expect(await rows()).toBe(before);
    await control({ match, fault: 'drop-after', times: 1 });
    expect((await submit().rpc('probe_write')).error?.message).toMatch(/fetch failed/);
    expect(await rows()).toBe(before + 1);
    expect((await submit().rpc('probe_write')).data).toEqual({ rows: 1 });
  });

  test('40001 rolls back, 503 has no database; other functions are untouched', async () => {
    const before = await rows();
    await control({ match, fault: '40001', times: 1 });
    await control({ match: { fn: 'probe_void' }, fault: '503' });
    expect(await submit().rpc('probe_write')).toMatchObject({ status: 500, error: { code: '40001' } });
    expect(await rows()).toBe(before);
    expect((await submit().rpc('probe_void')).status).toBe(503);
    expect((await submit().rpc('probe_set')).status).toBe(200);
    await control({ fault: null });
    expect((await submit().rpc('probe_void')).status).toBe(204);
  });

  test('the clock of every call can be moved', async () => {
    await control({ clock_offset: '2 minutes' });
    expect((await submit().rpc('probe_context')).data.offset).toBe('2 minutes');
    await control({ clock_offset: null });
    expect((await submit().rpc('probe_context')).data.offset ?? '').toBe('');
  });

  test('calls are counted by function', async () => {
    const stats = await fetch(`${gateway.origin}/__stats`);
    expect(await stats.json()).toMatchObject({ rpc: { probe_write: 4 } });
  });
});

describe('signing in', () => {
  const client = () => createClient(gateway.origin, project.anon_key, { auth: { persistSession: false } });
  const person = { email: 'ana@example.com', password: 'correct horse' };

  test('sign-up, sign-in, refresh and the user, through supabase-js', async () => {
    expect((await client().auth.signUp(person)).data.user?.email).toBe(person.email);
    const supabase = client();
    const { data } = await supabase.auth.signInWithPassword(person);
    expect(data.user?.email).toBe(person.email);
    expect((await supabase.auth.getClaims()).data?.claims).toMatchObject({
      iss: `${gateway.origin}/auth/v1`,
      aud: 'authenticated',
      role: 'authenticated',
      email: person.email,
    });
    const refreshed = await supabase.auth.refreshSession();
    expect(refreshed.data.session?.refresh_token).not.toBe(data.session?.refresh_token);
    expect((await supabase.auth.getUser()).data.user?.id).toBe(data.user?.id);
  });

  test('a wrong password, a taken address and a made-up token are refused', async () => {
    const wrong = await client().auth.signInWithPassword({ ...person, password: 'guess' });
    expect(wrong.error).toMatchObject({ status: 400, code: 'invalid_credentials' });
    expect((await client().auth.signUp(person)).error?.code).toBe('user_already_exists');
    expect((await client().auth.getUser('made.up.token')).error).not.toBeNull();
  });
});
