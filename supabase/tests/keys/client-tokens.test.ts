import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { type Account, accept, candidate, type Json, makeKey, request, rpc, sha256, spec } from '../fixtures.ts';
import { addKey, codeOf, keys, makeApiKey, makePerson, must, type Person, submit } from './people.ts';

let pool: Pool;
let who: Person;
let app: Account & { id: string };
let platform: string;
beforeAll(async () => {
  pool = await freshDatabase();
  platform = await makeKey(pool, 'replicate', { slots: 1000 });
});
beforeEach(async () => {
  who = await makePerson(pool, 1000);
  app = await makeApiKey(pool, who, { scopes: ['jobs', 'keys'] });
});
afterAll(() => pool.end());

const create = (maker: Account, options: Json, hash: string) => {
  const body = { user_ref: 'ann', scopes: ['jobs'], expires_in: 600, ...options };
  return keys(pool, 'create_client_token', [maker.credential, body, hash, {}]);
};
async function token(options: Json = {}, maker: Account = app): Promise<Account & { id: string }> {
  const hash = sha256(randomUUID());
  const { id } = await must(create(maker, options, hash));
  return { id, account: who.account, credential: { kind: 'client_token', hash } };
}
const job = (as: Account, name: string, ...args: unknown[]) => rpc(pool, 'submit', name, [as.credential, ...args]);
const run = async (as: Account, options: Json = {}) => (await submit(pool, as, ['replicate'], options)).ok?.jobs[0];

test('runs jobs for its user, whoever the request names', async () => {
  const ann = await token();
  const { id } = await run(ann, { end_user: 'bob' });
  const { rows } = await pool.query('select end_user, user_id, api_key_id from darkroom.jobs where id = $1', [id]);
  expect(rows).toEqual([{ end_user: 'ann', user_id: who.user, api_key_id: app.id }]);
});

test('never allows the platform’s keys: it gets what its account gets without them', async () => {
  const ann = await token();
  const routing = { allow_platform_key: true };
  const spending = () => rpc(pool, 'submit', 'credits', [who.credential, null]);
  await addKey(pool, who, 'replicate');
  for (const name of ['accept', 'quote'])
    for (const asking of [routing, { provider_key: platform }]) {
      const asked = request([spec([candidate('replicate')], { routing: asking })]);
      const { refusal } = await rpc(pool, 'submit', name, [ann.credential, asked]);
      expect([name, asking, refusal?.code, refusal?.detail]).toEqual([
        name,
        asking,
        'forbidden',
        expect.stringContaining('allow_platform_key'),
      ]);
    }
  expect((await spending()).ok).toMatchObject({ held: 0 });
  expect(codeOf(await submit(pool, ann, ['replicate'], { routing: { allow_platform_key: false } }))).toBe('ok');
  expect(codeOf(await submit(pool, app, ['replicate'], { routing }))).toBe('ok');
});

test('sees, cancels and deletes its own user’s jobs and nobody else’s', async () => {
  const [ann, bob] = [await token(), await token({ user_ref: 'bob' })];
  const mine = await run(ann);
  const owners = await run(who);
  expect(codeOf(await job(ann, 'get_job', mine.id))).toBe('ok');
  expect((await job(ann, 'list_jobs', {})).ok.data.map((j: Json) => j.id)).toEqual([mine.id]);
  for (const id of [mine.id, owners.id])
    for (const [name, ...rest] of [
      ['get_job'],
      ['cancel_job', {}],
      ['review_job', 'reject', {}],
      ['delete_job'],
      ['job_timeline'],
    ])
      expect([name, codeOf(await job(bob, name as string, id, ...rest))]).toEqual([name, 'not_found']);
  expect((await job(bob, 'list_jobs', {})).ok.data).toEqual([]);
  expect((await job(who, 'list_jobs', {})).ok.data).toHaveLength(2);
});

test('two users of an app may use the same Idempotency-Key and never meet each other’s job', async () => {
  const [ann, bob] = [await token(), await token({ user_ref: 'bob' })];
  const body = request([spec([candidate('replicate')])], { idempotency_key: '1' });
  const first = (await accept(pool, ann, body)).ok;
  const second = (await accept(pool, bob, body)).ok;
  const again = (await accept(pool, ann, body)).ok;
  expect(second).toMatchObject({ replayed: false });
  expect(second.jobs[0].id).not.toBe(first.jobs[0].id);
  expect(again).toMatchObject({ replayed: true, jobs: [{ id: first.jobs[0].id }] });
});

test('spends at most its credits, over its whole life and exactly', async () => {
  const ann = await token({ max_credits: 35 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => submit(pool, ann, ['replicate'])));
  expect(answers.filter((a) => codeOf(a) === 'ok')).toHaveLength(3);
  expect(answers.find((a) => a.refusal)?.refusal).toMatchObject({
    code: 'spend_cap_reached',
    cap: 35,
    subject: 'client_token',
  });
  const [one] = (await job(ann, 'list_jobs', {})).ok.data;
  await job(ann, 'cancel_job', one.id, {});
  expect(codeOf(await submit(pool, ann, ['replicate']))).toBe('ok');
});

test('draws on the cap of the key that made it as well', async () => {
  const capped = await makeApiKey(pool, who, { scopes: ['jobs'], monthly_credit_cap: 15 });
  const ann = await token({ max_credits: 100 }, capped);
  expect([codeOf(await submit(pool, ann, ['replicate'])), codeOf(await submit(pool, capped, ['replicate']))]).toEqual([
    'ok',
    'spend_cap_reached',
  ]);
});

test('ends with its time, with its revocation, and with the key that made it', async () => {
  const works = async (as: Account, clock?: string) =>
    codeOf(await rpc(pool, 'submit', 'list_jobs', [as.credential, {}], clock));
  const [ann, bob, eve] = [await token(), await token(), await token({}, who)];
  expect([await works(ann, '9 minutes'), await works(ann, '11 minutes')]).toEqual(['ok', 'unauthenticated']);
  expect(await must(keys(pool, 'revoke_client_token', [app.credential, ann.id]))).toMatchObject({ id: ann.id });
  expect([await works(ann), await works(bob)]).toEqual(['unauthenticated', 'ok']);
  await must(keys(pool, 'revoke_api_key', [who.credential, app.id]));
  expect([await works(bob), await works(eve)]).toEqual(['unauthenticated', 'ok']);
});

describe('gets', () => {
  test('no more than its maker: models and scopes', async () => {
    const narrow = await makeApiKey(pool, who, { scopes: ['jobs'], allowed_models: ['flux-dev', 'other'] });
    expect(codeOf(await create(narrow, { allowed_models: ['imagen-4'] }, sha256('a')))).toBe('forbidden');
    expect(codeOf(await create(app, { scopes: ['jobs', 'billing'] }, sha256('b')))).toBe('forbidden');
    expect(codeOf(await create(app, { scopes: ['admin'] }, sha256('c')))).toBe('forbidden');
    const made = await must(create(narrow, {}, sha256(randomUUID())));
    expect(made.allowed_models).toEqual(['flux-dev', 'other']);
    const ann = await token({ allowed_models: ['other'] }, narrow);
    expect(codeOf(await submit(pool, ann, ['replicate']))).toBe('forbidden');
  });

  test('nothing of the account: no balance, no keys, no settings, no token of its own making', async () => {
    const ann = await token();
    for (const [name, ...args] of [
      ['credits', null],
      ['credit_entries', {}],
      ['list_deliveries', {}],
    ] as const)
      expect([
        name,
        codeOf(await rpc(pool, name === 'list_deliveries' ? 'callback' : 'submit', name, [ann.credential, ...args])),
      ]).toEqual([name, 'forbidden']);
    for (const [name, ...args] of [
      ['list_provider_keys', {}],
      ['list_settings', {}],
      ['list_api_keys', {}],
      ['list_projects', {}],
      ['audit_log', {}],
      ['effective_settings', 'image', null, {}, []],
      ['create_client_token', { user_ref: 'x', scopes: ['jobs'], expires_in: 60 }, sha256('d'), {}],
    ] as const)
      expect([name, codeOf(await keys(pool, name, [ann.credential, ...args]))]).toEqual([name, 'forbidden']);
    const quote = await rpc(pool, 'submit', 'quote', [ann.credential, request([spec([candidate('replicate')])])]);
    expect(quote.ok).toMatchObject({ credits: 10, balance_after: null });
  });
});

test('tokens that expired a week ago are taken out', async () => {
  const ann = await token({ max_credits: 10 });
  await run(ann);
  expect(await must(keys(pool, 'purge_client_tokens', [100], '7 days'))).toEqual({ purged: 0 });
  const { purged } = await must(keys(pool, 'purge_client_tokens', [100], '8 days'));
  expect(purged).toBeGreaterThanOrEqual(1);
  const { rows } = await pool.query('select from darkroom.caps where subject = $1', [ann.id]);
  expect(rows).toEqual([]);
});
