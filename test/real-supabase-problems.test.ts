import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../local/supabase/database.ts';
import { type Project, startProject, startWith } from './supabase-project.ts';

let project: Project;

beforeAll(async () => {
  project = await startProject();
});

afterAll(() => project?.end());

/** Two sentences, and no stack trace. */
async function expectRefusal(changes: Record<string, string>, said: string): Promise<void> {
  const refused = startWith({ ...project.vars, ...changes });
  await expect(refused).rejects.toThrow(said);
  await expect(refused).rejects.not.toThrow(/ {4}at /);
  await expect(refused).rejects.not.toThrow(new URL(project.vars.SUPABASE_DB_URL).password);
}

const address = (change: (url: URL) => void) => {
  const url = new URL(project.vars.SUPABASE_DB_URL);
  change(url);
  return { SUPABASE_DB_URL: url.href };
};

test.each<[string, () => Record<string, string>, string]>([
  ['a wrong password', () => address((url) => Object.assign(url, { password: 'wrong' })), 'refuses the password'],
  ['nobody at that address', () => address((url) => Object.assign(url, { port: '9' })), 'cannot be reached'],
  ['no such database', () => address((url) => Object.assign(url, { pathname: '/nowhere' })), 'has no such database'],
  ['TLS where there is none', () => address((url) => url.searchParams.set('sslmode', 'require')), 'speaks no TLS'],
  [
    'nobody at the REST address',
    () => ({ SUPABASE_URL: 'http://127.0.0.1:9' }),
    '(http://127.0.0.1:9) cannot be reached',
  ],
  ['an anon key of nobody', () => ({ SUPABASE_ANON_KEY: 'x' }), 'SUPABASE_ANON_KEY in .dev.vars is not accepted'],
  [
    'a token of no key',
    () => ({ SUPABASE_ROLE_TOKEN_KEYS: resigned() }),
    'SUPABASE_ROLE_TOKEN_KEYS in .dev.vars is not',
  ],
  ['a token of another Worker', () => ({ SUPABASE_ROLE_TOKEN_KEYS: submits() }), 'is a token for the role "submit"'],
  ['half of it', () => ({ SUPABASE_ANON_KEY: '' }), 'but not SUPABASE_ANON_KEY'],
])('%s is said', (_, changes, said) => expectRefusal(changes(), said));

test.each([
  ['a schema of somebody else', 'create schema api', 'has a schema "api" or "darkroom" that is not Darkroom\'s'],
  [
    'migrations of somebody else',
    `create schema supabase_migrations;
     create table supabase_migrations.schema_migrations (version text primary key, name text, statements text[]);
     insert into supabase_migrations.schema_migrations values ('20200101000000')`,
    'has migrations that this checkout has not: 20200101000000',
  ],
])('a database with %s is left as it is', async (_, sql, said) => {
  const name = `theirs_${crypto.randomUUID().slice(0, 8)}`;
  await asOwner(project.vars.SUPABASE_DB_URL, `create database ${name}`);
  const theirs = address((url) => Object.assign(url, { pathname: `/${name}` }));
  await asOwner(theirs.SUPABASE_DB_URL, sql);
  await expectRefusal(theirs, said);
  const { rows } = await asOwner(theirs.SUPABASE_DB_URL, "select to_regnamespace('darkroom') as ours");
  expect(rows).toEqual([{ ours: null }]);
});

/** The token of `keys` with somebody else's signature. */
const resigned = () =>
  [...project.vars.SUPABASE_ROLE_TOKEN_KEYS.split('.').slice(0, 2), submits().split('.')[2]].join('.');
const submits = () => project.vars.SUPABASE_ROLE_TOKEN_SUBMIT;

const asOwner = (url: string, sql: string): Promise<pg.QueryResult> => withClient(url, (client) => client.query(sql));
