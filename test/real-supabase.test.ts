import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import { newStateFolder, writeDevVars } from './run-stack.ts';
import { type Project, startProject, startWith } from './supabase-project.ts';

// One stack uses, by its `.dev.vars`, the Supabase project that another one plays.

let project: Project;
let database: pg.Pool;
let darkroom: OwnStack;

beforeAll(async () => {
  project = await startProject();
  database = new pg.Pool({ connectionString: project.vars.SUPABASE_DB_URL, allowExitOnIdle: true });
  // The server may be gone before the pool is.
  database.on('error', () => {});
  darkroom = await startOwnStack({ devVars: project.vars });
});

afterAll(async () => {
  try {
    await darkroom?.end();
    await database?.end();
  } finally {
    await project?.end();
  }
});

test('it starts no PostgreSQL and no gateway, and says whose database it uses, without the password', () => {
  const { host, password } = new URL(project.vars.SUPABASE_DB_URL);
  const { printed, read } = darkroom.running();
  expect(printed()).toMatch(/Supabase: .*, \d+ migrations applied/);
  expect(printed()).toContain(`Real, by .dev.vars: Supabase (${host}/postgres)`);
  expect(printed()).not.toContain(password);
  expect(printed()).not.toMatch(/PostgreSQL 17|Emulators:.*supabase/);
  expect(read<{ command: string }[]>('pids.json').filter(({ command }) => command.includes('postgres'))).toEqual([]);
  expect(darkroom.stack().emulators).not.toHaveProperty('supabase');
});

test('a job completes, and stands in the database of the project', async () => {
  const body = { model: 'flux-dev', input: { prompt: 'a lighthouse at dusk' } };
  const { status, body: job } = await darkroom.api('/v1/jobs', { body });
  expect(status).toBe(202);
  expect(await darkroom.untilEnded(job.id)).toMatchObject({ status: 'completed', credits: { charged: 25 } });
  const { rows } = await database.query('select status from darkroom.jobs where id = $1', [job.id]);
  expect(rows).toEqual([{ status: 'completed' }]);
  const { rows: violations } = await database.query('select name from darkroom.invariants() where violations <> 0');
  expect(violations).toEqual([]);
});

test('it is ready, and there is no demo user', async () => {
  expect(await darkroom.api('/ready', { key: null })).toMatchObject({ status: 200, body: { status: 'ready' } });
  expect(darkroom.stack()).not.toHaveProperty('user');
  expect((await database.query("select from auth.users where email like 'demo@%'")).rowCount).toBe(0);
});

test('whoever signs up at the project is known', async () => {
  const { SUPABASE_URL: url, SUPABASE_ANON_KEY: apikey } = project.vars;
  const response = await fetch(`${url}/auth/v1/signup`, {
    method: 'POST',
    headers: { apikey, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@film.test', password: 'a long password' }),
  });
  const { access_token: bearer } = (await response.json()) as { access_token: string };
  expect(await darkroom.api('/v1/credits', { bearer })).toMatchObject({ status: 200, body: { available: 0 } });
});

test('it is started again with the same account, and nothing is applied twice', async () => {
  const before = await darkroom.api('/v1/credits');
  await darkroom.running().stop();
  await darkroom.restart();
  expect(darkroom.running().printed()).toContain('/postgres, up to date');
  expect((await darkroom.api('/v1/credits')).body).toEqual(before.body);
});

test('another state folder may only take it over when it is told to', async () => {
  const refused = startWith(project.vars);
  await expect(refused).rejects.toThrow('Another Darkroom has served');
  await expect(refused).rejects.toThrow('npm start -- --take-over');
  expect(await startWith(project.vars, ['--take-over'])).toMatch(/^Ready/m);
  await darkroom.running().stop();
  await expect(darkroom.restart()).rejects.toThrow('Another Darkroom has served');
});

test('npm run reset deletes the state folder, and leaves the database alone', async () => {
  const jobs = () => database.query('select id, status from darkroom.jobs order by id');
  const folder = newStateFolder();
  writeDevVars(folder, project.vars);
  writeFileSync(join(folder, 'ports.json'), '{}');
  const { rows: before } = await jobs();
  const env = { ...process.env, DARKROOM_DATA: folder, DARKROOM_DEV_VARS: join(folder, '.dev.vars') };
  const said = execFileSync(process.execPath, ['local/reset.ts'], { env, encoding: 'utf8' });
  expect(said).toMatch(/^The database that \.dev\.vars names \(.*\/postgres\) was not touched\./m);
  expect(existsSync(folder)).toBe(false);
  expect((await jobs()).rows).toEqual(before);
  expect(before).not.toEqual([]);
});
