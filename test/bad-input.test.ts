import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addresses } from './bad-input/addresses.ts';
import { amounts } from './bad-input/amounts.ts';
import { bodies } from './bad-input/bodies.ts';
import { type Case, type Given, JOB } from './bad-input/case.ts';
import { credentials } from './bad-input/credentials.ts';
import { jobs } from './bad-input/jobs.ts';
import { paths } from './bad-input/paths.ts';
import { signatures } from './bad-input/signatures.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';

let stack: OwnStack;
let given: Given;
let before: Record<string, string>;

beforeAll(async () => {
  stack = await startOwnStack();
  const [own, stranger] = await Promise.all([endedJob(), endedJob()]);
  const secrets = JSON.parse(readFileSync(join(stack.running().folder, 'secrets.json'), 'utf8'));
  const { api_key: key, jobId, eventsUrl } = own;
  given = { stack: stack.stack(), key, jobId, eventsUrl, stranger, secrets };
  before = await contents(stack.pool());
});

afterAll(() => stack.end());

async function endedJob() {
  const account = await stack.makeAccount({ credits: 1000 });
  const { body } = await stack.api('/v1/jobs', { key: account.api_key, body: JOB });
  await stack.untilEnded(body.id, { key: account.api_key });
  return { ...account, jobId: body.id as string, eventsUrl: body.urls.events as string };
}

/** Answers to be kept under an Idempotency-Key, and when a key was last used: these may change. */
const CHANGING = ['requests', 'api_keys'];

/** A digest of every row of every table. */
async function contents(pool: pg.Pool): Promise<Record<string, string>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'darkroom' and table_type = 'BASE TABLE'`,
  );
  const digests = tables.map(async ({ name }) => {
    const query = `select count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest from darkroom.${name} t`;
    const { rows } = await pool.query<{ digest: string }>(query);
    return [name, rows[0]?.digest as string];
  });
  return Object.fromEntries((await Promise.all(digests)).filter(([name]) => !CHANGING.includes(name as string)));
}

async function refuses({ status, code, field, request }: Case): Promise<void> {
  const { path, ...sent } = await request(given);
  const answer = await stack.api(path, { key: given.key, ...sent });
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  if (field !== undefined) expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(field);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toMatchObject({
    type: `${given.stack.origin}/docs/errors#${code}`,
    title: expect.stringMatching(/\w/),
    detail: expect.stringMatching(/\w/),
    status,
    retryable: false,
    request_id: answer.headers.get('x-request-id'),
  });
  if (status === 405) expect(answer.headers.get('allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
}

describe.concurrent.each(Object.entries({ amounts, bodies, jobs, addresses, paths, credentials, signatures }))(
  '%s',
  (_name, cases) => {
    test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => refuses(one));
  },
);

test('all of that wrote nothing', async () => {
  expect(await contents(stack.pool())).toEqual(before);
  expect(before.jobs).toMatch(/^2 /);
});
