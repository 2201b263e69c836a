import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from './client.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';

/**
 * One key that is like no other text is kept, tried, used, refused, replaced and deleted. Then it is searched for everywhere it could have
 * got to. Where it belongs is its own provider's Authorization header, and the caller's request.
 */
const CANARY = 'c4n4ry-0000-1111-2222';
const FIRST = `${CANARY}-first:${CANARY}-secret`;
const SECOND = `${CANARY}-second:${CANARY}-secret`;
/** Faults for the key go by how it ends: the emulator writes them down. */
const ENDING = '-secret';
const SETTING = `${CANARY}-webhook-secret`;
const SEAMS = ['fal', 'replicate', 'qstash', 'supabase', 'cloudinary', 'redis'] as const;

let own: OwnStack<(typeof SEAMS)[number]>;
/** Everything that the API ever answered here. */
const answers: string[] = [];
let key: string;

beforeAll(async () => {
  own = await startOwnStack({ seams: SEAMS });
  ({ api_key: key } = await own.makeAccount({ credits: 2_000 }));
}, 120_000);
afterAll(() => own?.end());

async function call(path: string, request: Json = {}): Promise<Json> {
  const answer = await own.api(path, { key, ...request });
  answers.push(JSON.stringify([path, answer.status, [...answer.headers], answer.body]));
  return answer.body;
}

async function run(more: object = {}, prompt = 'a lighthouse'): Promise<Json> {
  const job = await call('/v1/jobs', { body: { model: 'fal-ai/flux/dev', input: { prompt }, ...more } });
  return job.id && own.untilEnded(job.id, { key }).then((ended) => answers.push(JSON.stringify(ended)) && ended);
}

test('a key’s whole life', async () => {
  const body = {
    provider: 'fal',
    api_key: FIRST,
    additional_config: { webhook_secret: SETTING, bearer: SETTING, proxy: [{ user: SETTING, port: 1 }], region: 'eu' },
    name: 'Mine',
  };
  await call('/v1/provider-keys/test', { body });
  const kept = await call('/v1/provider-keys', { body, headers: { 'idempotency-key': 'keep' } });
  await call('/v1/provider-keys', { body, headers: { 'idempotency-key': 'keep' } });
  await call('/v1/provider-keys', { body });
  const path = `/v1/provider-keys/${kept.id}`;
  expect(await run()).toMatchObject({ status: 'completed', attempts: [{ credential: 'user' }] });
  // Requests that are wrong in every way that comes to mind, each with the key in it.
  await call('/v1/provider-keys', { body: { ...body, provider: 'nobody' } });
  await call('/v1/provider-keys', { body: { ...body, provider: 'replicate' } });
  await call('/v1/provider-keys', { body: { ...body, [FIRST]: true } });
  await call('/v1/provider-keys', {
    body: `{"api_key": "${FIRST}", "api_key": "${FIRST}"}`,
    headers: { 'content-type': 'application/json' },
  });
  await call(`${path}/replace`, { body: { api_key: FIRST, api_secret: 7 } });
  await call('/v1/provider-keys', {
    body: { ...body, additional_config: { endpoint_url: `https://${CANARY}@10.0.0.1/` } },
  });
  // The database does not answer just when the key is with us.
  for (const fault of ['503', '40001', 'drop-after'])
    for (const fn of ['prepare_provider_key', 'create_provider_key', 'key_for_attempt']) {
      await own.control('supabase', { match: { fn }, fault, times: 1 });
      await (fn === 'key_for_attempt' ? run() : call('/v1/provider-keys', { body }));
      await own.control('supabase', { match: { fn }, fault: null });
    }
  // The provider refuses it, echoes it, breaks off.
  for (const fault of ['500', 'lost', '429', '402', '401']) {
    await own.control('fal', { match: { key: ENDING }, fault, times: 1 });
    await run({ deadline_seconds: 5 }, `${fault} canary`);
    await call(`${path}/test`, { method: 'POST' });
  }
  await call(path, { method: 'PATCH', body: { additional_config: { webhook_secret: SETTING }, is_active: true } });
  // Whoever may manage a key turns it to another address: of the key itself, and of the settings that it serves.
  const endpoint_url = own.seams.replicate.origin;
  await call(path, { method: 'PATCH', body: { additional_config: { endpoint_url } } });
  await call(`${path}/test`, { method: 'POST' });
  const setting = '/v1/provider-settings/user/me/image';
  expect(await call(setting, { method: 'PUT', body: { provider: 'fal', endpoint_url } })).toMatchObject({
    endpoint_url,
  });
  const before = own.seams.replicate.seen.length;
  await run({ deadline_seconds: 5 }, 'elsewhere');
  expect(own.seams.replicate.seen.length).toBeGreaterThan(before);
  await call(setting, { method: 'DELETE' });
  await call(`${path}/replace`, { body: { api_key: SECOND } });
  expect(await run()).toMatchObject({ status: 'completed' });
  for (const read of [
    path,
    '/v1/provider-keys',
    '/v1/audit-log',
    '/v1/provider-settings/effective?operation=image',
    '/v1/providers',
    '/openapi.json',
  ])
    await call(read);
  await call(path, { method: 'DELETE' });
  await run({ model: 'black-forest-labs/flux-dev' }, 'with the platform’s');
}, 120_000);

test('reached its provider, in the header that it belongs in', () => {
  const withIt = own.seams.fal.seen.filter((seen) => JSON.stringify(seen).includes(CANARY));
  expect(withIt.length).toBeGreaterThan(5);
  for (const { headers, ...rest } of withIt) {
    const { authorization, ...others } = headers;
    expect(authorization).toMatch(new RegExp(`^Key ${CANARY}-(first|second):${CANARY}-secret$`));
    expect(JSON.stringify([rest, others])).not.toContain(CANARY);
  }
});

test.each(SEAMS.filter((name) => name !== 'fal'))('never reached %s', (name) => {
  expect(own.seams[name].seen.length).toBeGreaterThan(0);
  expect(JSON.stringify(own.seams[name].seen)).not.toContain(CANARY);
});

test('is in no answer of ours: no object, no list, no error, no document', () => {
  expect(answers.length).toBeGreaterThan(40);
  // What the caller called a field is told back by that name; the form it sends us keys in is not one of them.
  const said = answers.filter((answer) => answer.includes(CANARY));
  expect(said.filter((answer) => !answer.includes('Unknown field'))).toEqual([]);
});

test('is in no row of the database, of any schema', async () => {
  const { rows } = await own.pool().query<{ source: string }>(
    `select format('select %L as place, count(*)::int as found from %I.%I t where t::text like %L', c.table_schema || '.' || c.table_name,
       c.table_schema, c.table_name, '%' || $1 || '%') as source
     from information_schema.tables c where c.table_type = 'BASE TABLE' and c.table_schema in ('darkroom', 'auth', 'public', 'api', 'supabase_migrations')
       and has_table_privilege(format('%I.%I', c.table_schema, c.table_name), 'select')`,
    [CANARY],
  );
  expect(rows.length).toBeGreaterThan(20);
  const { rows: found } = await own.pool().query(`${rows.map(({ source }) => source).join(' union all ')}`);
  expect(found.filter((row) => row.found > 0)).toEqual([]);
});

test('is in no file of the stack: logs, queue, stored requests of emulators', () => {
  const { folder } = own.running();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  expect(paths.map((path) => relative(folder, path))).toContain('logs/workers.log');
  expect(paths.filter((path) => contentOf(path).includes(CANARY))).toEqual([]);
});

/** PostgreSQL renames and removes files of its own meanwhile. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

test('is nowhere in what the emulated provider tells of its requests, but by its last digits', async () => {
  const { emulators } = own.stack();
  for (const name of ['fal', 'replicate']) {
    const text = await (await fetch(`${emulators[name]}/__requests`)).text();
    expect(text).not.toContain(CANARY);
  }
});
