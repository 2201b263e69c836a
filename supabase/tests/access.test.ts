import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/stack.ts';
import { accept, candidate, makeAccount, makeKey, request, rpc, spec, type Worker } from './fixtures.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
});
afterAll(() => pool.end());

const workers: Worker[] = ['submit', 'worker', 'callback', 'keys'];

async function as<T>(
  role: string,
  work: (run: (sql: string, values?: unknown[]) => Promise<{ rows: T[] }>) => Promise<unknown>,
) {
  const client = await pool.connect();
  try {
    await client.query(`begin; set local role ${role}`);
    return await work((sql, values) => client.query(sql, values) as never);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const denied = { code: '42501' };

test('every table has row-level security, enabled and forced, and at least one policy', async () => {
  const { rows } = await pool.query(
    `select c.relname from pg_class c where c.relnamespace = 'darkroom'::regnamespace and c.relkind in ('r', 'p')
       and (not c.relrowsecurity or not c.relforcerowsecurity or not exists (select from pg_policy p where p.polrelid = c.oid))`,
  );
  expect(rows).toEqual([]);
});

test('every API function has an owner without login or bypass, an empty search path, and exactly one Worker that may call it', async () => {
  const { rows } = await pool.query(
    `select p.oid::regprocedure::text as name, o.rolname as owner, o.rolbypassrls or o.rolcanlogin or o.rolsuper as strong, p.prosecdef as definer,
        coalesce(array_to_string(p.proconfig, ','), '') as config,
        array(select r.rolname from unnest(array['submit', 'worker', 'callback', 'keys', 'anon', 'authenticated', 'service_role']) n join pg_roles r on r.rolname = n
          where has_function_privilege(r.oid, p.oid, 'execute'))::text[] as may
       from pg_proc p join pg_roles o on o.oid = p.proowner where p.pronamespace = 'api'::regnamespace`,
  );
  expect(rows.length).toBeGreaterThan(20);
  for (const f of rows) {
    expect({
      name: f.name,
      strong: f.strong,
      definer: f.definer,
      workers: f.may.length,
      path: /search_path=""/.test(f.config),
    }).toEqual({
      name: f.name,
      strong: false,
      definer: true,
      workers: 1,
      path: true,
    });
    expect(['darkroom_account', 'darkroom_system']).toContain(f.owner);
  }
});

describe.each(workers)('%s', (role) => {
  test('reads and writes no table', async () => {
    const { rows } = await pool.query(
      `select relname from pg_class where relnamespace = 'darkroom'::regnamespace and relkind = 'r'`,
    );
    for (const { relname } of rows) {
      await expect(as(role, (run) => run(`select * from darkroom.${relname} limit 1`))).rejects.toMatchObject(denied);
      await expect(as(role, (run) => run(`delete from darkroom.${relname}`))).rejects.toMatchObject(denied);
    }
  });

  test('cannot call another Worker’s functions', async () => {
    for (const other of workers.filter((w) => w !== role)) {
      const { rows } = await pool.query(
        `select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'api'::regnamespace and has_function_privilege($1, p.oid, 'execute')`,
        [other],
      );
      expect(rows.length).toBeGreaterThan(0);
      const { rows: allowed } = await pool.query(
        `select n from unnest($2::text[]) n where has_function_privilege($1, n::regprocedure, 'execute')`,
        [role, rows.map((r) => r.name)],
      );
      expect(allowed).toEqual([]);
    }
  });

  test('cannot become another role or make anything', async () => {
    await expect(as(role, (run) => run('create table api.mine (id int)'))).rejects.toMatchObject(denied);
    const { rows } = await pool.query(
      `select r.rolname from pg_roles r where r.rolname <> $1 and pg_has_role($1, r.oid, 'member')`,
      [role],
    );
    expect(rows).toEqual([]);
  });
});

test.each(['anon', 'authenticated'])('%s can do nothing', async (role) => {
  await expect(as(role, (run) => run('select * from darkroom.jobs'))).rejects.toMatchObject(denied);
  await expect(as(role, (run) => run('select api.ready()'))).rejects.toMatchObject(denied);
  await expect(as(role, (run) => run(`select darkroom.issue('a', 1, 'promo', '', null, '')`))).rejects.toMatchObject(
    denied,
  );
});

test('no helper can be called from outside the two owners', async () => {
  const { rows } = await pool.query(
    `select p.oid::regprocedure::text as name, r.rolname from pg_proc p, pg_roles r where p.pronamespace = 'darkroom'::regnamespace
       and r.rolname in ('anon', 'authenticated', 'service_role', 'submit', 'worker', 'callback', 'keys') and has_function_privilege(r.oid, p.oid, 'execute')`,
  );
  expect(rows).toEqual([]);
});

test('B sees, lists, cancels and deletes nothing of A’s', async () => {
  await makeKey(pool, 'replicate');
  const [a, b] = [await makeAccount(pool, 100), await makeAccount(pool, 100)];
  const { id } = (await accept(pool, a, request([spec([candidate('replicate')])]))).ok.jobs[0];
  const calls: [string, unknown[]][] = [
    ['get_job', [b.credential, id]],
    ['cancel_job', [b.credential, id, {}]],
    ['review_job', [b.credential, id, 'reject', {}]],
    ['delete_job', [b.credential, id]],
    ['job_timeline', [b.credential, id]],
    ['job_events', [id, 'guess', 0]],
    ['credits', [b.credential, a.account]],
    ['list_jobs', [b.credential, { account_id: a.account }]],
    ['credit_entries', [b.credential, { account_id: a.account }]],
  ];
  for (const [name, args] of calls)
    expect([name, (await rpc(pool, 'submit', name, args)).refusal?.code]).toEqual([name, 'not_found']);
  expect((await rpc(pool, 'submit', 'list_jobs', [b.credential, {}])).ok.data).toEqual([]);
  expect((await rpc(pool, 'submit', 'get_job', [a.credential, id])).ok.status).toBe('queued');
});

test('what runs with its owner’s rights has one of two owners, and no path of its caller’s', async () => {
  const { rows } = await pool.query(
    `select p.oid::regprocedure::text as name from pg_proc p
      where p.prosecdef and p.pronamespace in ('api'::regnamespace, 'darkroom'::regnamespace)
        and (p.proowner not in ('darkroom_account'::regrole, 'darkroom_system'::regrole)
          or not coalesce('search_path=""' = any (p.proconfig), false))`,
  );
  expect(rows).toEqual([]);
});

test('the account role without a verified caller sees no row of anybody', async () => {
  await pool.query('grant darkroom_account to postgres');
  await as('darkroom_account', async (run) => {
    expect((await run('select * from darkroom.jobs')).rows).toEqual([]);
    expect((await run('select * from darkroom.slots')).rows).toEqual([]);
  });
});

test('entries, hold ends and events cannot be changed, by the owner of the tables either', async () => {
  for (const table of ['entries', 'hold_ends', 'job_events', 'grants', 'refunds', 'provider_costs']) {
    await expect(pool.query(`delete from darkroom.${table}`)).rejects.toMatchObject({ code: '55000' });
    await expect(pool.query(`truncate darkroom.${table} cascade`)).rejects.toMatchObject({ code: '55000' });
  }
});
