import { beforeAll, expect, test } from 'vitest';
import { mintProjectKeys, type WorkerRole } from '../supabase/project-keys.ts';
import { supabaseProject, tokenVariable } from './supabase-project.ts';

let tokens: Record<WorkerRole, string>;
beforeAll(async () => {
  tokens = (await mintProjectKeys()).role_tokens;
});

const YEAR = 365 * 24 * 3600 * 1000;
const DATABASE = 'postgresql://postgres:secret@db.abc.supabase.co:5432/postgres';

const vars = (changes: Record<string, string | undefined> = {}) => ({
  SUPABASE_URL: 'https://abc.supabase.co',
  SUPABASE_ANON_KEY: 'sb_publishable_x',
  SUPABASE_DB_URL: DATABASE,
  ...Object.fromEntries(Object.entries(tokens).map(([role, token]) => [tokenVariable(role as WorkerRole), token])),
  ...changes,
});

test('all of it is a project, none of it is none', () => {
  expect(supabaseProject({})).toBeUndefined();
  expect(supabaseProject(vars({ SUPABASE_URL: 'https://abc.supabase.co/' }))).toEqual({
    url: 'https://abc.supabase.co',
    anon_key: 'sb_publishable_x',
    database_url: `${DATABASE}?sslmode=require`,
    role_tokens: tokens,
  });
});

test('half a project is refused', () => {
  expect(() => supabaseProject(vars({ SUPABASE_DB_URL: undefined }))).toThrow('but not SUPABASE_DB_URL.');
});

test.each([
  ['https://abc.supabase.co/rest/v1/', 'SUPABASE_URL in .dev.vars has a path: /rest/v1/.'],
  ['http://abc.supabase.co', 'SUPABASE_URL in .dev.vars is not https.'],
  ['https://other.supabase.co', 'SUPABASE_URL and SUPABASE_DB_URL in .dev.vars are of two projects: other and abc.'],
])('%s is refused', (SUPABASE_URL, said) => {
  expect(() => supabaseProject(vars({ SUPABASE_URL }))).toThrow(said);
});

test("the pooler's user names the project as well", () => {
  const SUPABASE_DB_URL = 'postgresql://postgres.other:x@aws-0-eu-central-1.pooler.supabase.com:5432/postgres';
  expect(() => supabaseProject(vars({ SUPABASE_DB_URL }))).toThrow('are of two projects: abc and other');
});

test.each<[string, () => string, string]>([
  ['no JWT', () => 'sb_secret_x', 'is not a token'],
  ['the token of another role', () => tokens.worker, 'is a token for the role "worker", not for "submit"'],
])('%s is refused', (_, token, said) => {
  const given = vars({ SUPABASE_ROLE_TOKEN_SUBMIT: token() });
  expect(() => supabaseProject(given)).toThrow(`SUPABASE_ROLE_TOKEN_SUBMIT in .dev.vars ${said}`);
});

test('a token that has expired is refused, with the day', () => {
  const later = new Date(Date.now() + YEAR + 60_000);
  expect(() => supabaseProject(vars(), later)).toThrow(
    /^SUPABASE_ROLE_TOKEN_SUBMIT in .dev.vars has expired on \d{4}-\d\d-\d\d\.$/,
  );
});
