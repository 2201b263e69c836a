import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import { dropStateFolder, newStateFolder, type RunningStack, runStack, writeDevVars } from './run-stack.ts';

// One stack's gateway and database play the Supabase project, empty at first; another one uses it by its `.dev.vars`.

let project: RunningStack;
let database: pg.Pool;
let darkroom: OwnStack;

beforeAll(async () => {
  project = await runStack(['--supabase-only']);
  database = new pg.Pool({ connectionString: credentials().SUPABASE_DB_URL, allowExitOnIdle: true });
  darkroom = await startOwnStack({ devVars: credentials() });
});

afterAll(async () => {
  await darkroom?.end();
  await database?.end();
  await project?.stop();
  dropStateFolder(project.folder);
});

type Address = { database_url: string; supabase_url: string; anon_key: string };
type Tokens = Record<'submit' | 'worker' | 'callback' | 'keys', string>;

function credentials() {
  const { database_url, supabase_url, anon_key } = project.read<Address>('stack.json');
  const { role_tokens: tokens } = project.read<{ supabase: { role_tokens: Tokens } }>('secrets.json').supabase;
  return {
    SUPABASE_URL: supabase_url,
    SUPABASE_ANON_KEY: anon_key,
    SUPABASE_DB_URL: database_url,
    SUPABASE_ROLE_TOKEN_SUBMIT: tokens.submit,
    SUPABASE_ROLE_TOKEN_WORKER: tokens.worker,
    SUPABASE_ROLE_TOKEN_CALLBACK: tokens.callback,
    SUPABASE_ROLE_TOKEN_KEYS: tokens.keys,
  };
}

const passwordOf = (address: string) => new URL(address).password;

test('it starts no PostgreSQL and no gateway, and says whose database it uses, without the password', () => {
  const { host } = new URL(credentials().SUPABASE_DB_URL);
  const { printed, read } = darkroom.running();
  expect(printed()).toMatch(/Supabase: .*, \d+ migrations applied/);
  expect(printed()).toContain(`Real, by .dev.vars: Supabase (${host}/postgres)`);
  expect(printed()).not.toContain(passwordOf(credentials().SUPABASE_DB_URL));
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
  expect((await database.query('select from auth.users')).rowCount).toBe(0);
});

test('whoever signs up at the project is known', async () => {
  const { SUPABASE_URL: url, SUPABASE_ANON_KEY: apikey } = credentials();
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

/** A start with some of the credentials changed, on a state folder of its own. */
async function start(changes: Record<string, string>, flags: string[] = []): Promise<string> {
  const folder = newStateFolder();
  writeDevVars(folder, { ...credentials(), ...changes });
  const running = await runStack(['--no-sample', ...flags], folder).finally(() => dropStateFolder(folder));
  await running.stop();
  return running.printed();
}

const changed = (change: (url: URL) => void) => {
  const url = new URL(credentials().SUPABASE_DB_URL);
  change(url);
  return { SUPABASE_DB_URL: url.href };
};

test.each<[string, () => Record<string, string>, string]>([
  ['a wrong password', () => changed((url) => Object.assign(url, { password: 'wrong' })), 'refuses the password'],
  ['nobody at that address', () => changed((url) => Object.assign(url, { port: '9' })), 'cannot be reached'],
  ['no such database', () => changed((url) => Object.assign(url, { pathname: '/nowhere' })), 'has no such database'],
  ['TLS where there is none', () => changed((url) => url.searchParams.set('sslmode', 'require')), 'speaks no TLS'],
  ['another state folder', () => ({}), 'Another Darkroom has served'],
])('%s is said', async (_, changes, said) => {
  const refused = start(changes());
  await expect(refused).rejects.toThrow(said);
  await expect(refused).rejects.not.toThrow(/ {4}at /);
});

test.each<[string, () => Record<string, string>, string]>([
  [
    'an anon key that is not',
    () => ({ SUPABASE_ANON_KEY: 'nonsense' }),
    'SUPABASE_ANON_KEY in .dev.vars is not accepted',
  ],
  [
    'a token of another key',
    () => ({ SUPABASE_ROLE_TOKEN_KEYS: resigned() }),
    'SUPABASE_ROLE_TOKEN_KEYS in .dev.vars is not',
  ],
  [
    'nobody at the REST address',
    () => ({ SUPABASE_URL: 'http://127.0.0.1:9' }),
    '(http://127.0.0.1:9) cannot be reached',
  ],
])('%s is said', async (_, changes, said) => {
  await expect(start(changes(), ['--take-over'])).rejects.toThrow(said);
});

/** The token of `keys` with somebody else's signature. */
const resigned = () => {
  const { SUPABASE_ROLE_TOKEN_KEYS: token, SUPABASE_ROLE_TOKEN_SUBMIT: other } = credentials();
  return [...token.split('.').slice(0, 2), other.split('.')[2]].join('.');
};
