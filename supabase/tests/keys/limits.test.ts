import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { type Account, candidate, makeKey, request, rpc, sha256, spec } from '../fixtures.ts';
import {
  codeOf,
  keys,
  makeApiKey,
  makeOperator,
  makeOrganization,
  makePerson,
  must,
  type Person,
  submit,
} from './people.ts';

/** What accept and the books do with a key's own limits and with the log. */
let pool: Pool;
let who: Person;
beforeAll(async () => {
  pool = await freshDatabase();
  await makeKey(pool, 'replicate', { slots: 1000 });
});
beforeEach(async () => {
  who = await makePerson(pool, 1000);
});
afterAll(() => pool.end());

const call = (name: string, ...args: unknown[]) => keys(pool, name, [who.credential, ...args]);

test('a key’s cap is counted on when it is rolled', async () => {
  const key = await makeApiKey(pool, who, { monthly_credit_cap: 25 });
  expect(codeOf(await submit(pool, key, ['replicate']))).toBe('ok');
  const hash = sha256(randomUUID());
  const made = await must(call('roll_api_key', key.id, { prefix: 'p', hash, overlap_seconds: 600 }, {}));
  const next: Account = { account: who.account, credential: { kind: 'api_key', hash } };
  expect(codeOf(await submit(pool, next, ['replicate']))).toBe('ok');
  const { refusal } = await submit(pool, key, ['replicate']);
  expect(refusal).toMatchObject({ code: 'spend_cap_reached', cap: 25, subject: 'api_key' });
  expect(await must(call('get_api_key', made.id))).toMatchObject({ cap_used: 20 });
});

test('a key’s own rate limit is exact under a burst, and others are not held up', async () => {
  const [slow, fast] = [await makeApiKey(pool, who, { rate_limit_per_minute: 3 }), await makeApiKey(pool, who)];
  const answers = await Promise.all(Array.from({ length: 10 }, () => submit(pool, slow, ['replicate'])));
  expect(answers.filter((a) => codeOf(a) === 'ok')).toHaveLength(3);
  const refused = answers.find((a) => a.refusal)?.refusal;
  expect(refused).toMatchObject({ code: 'rate_limited', limit: 3, retry_after: expect.any(Number) });
  expect(codeOf(await submit(pool, fast, ['replicate']))).toBe('ok');
  const body = request([spec([candidate('replicate')])]);
  expect(codeOf(await rpc(pool, 'submit', 'accept', [slow.credential, body], '50 s'))).toBe('rate_limited');
  expect(codeOf(await rpc(pool, 'submit', 'accept', [slow.credential, body], '61 s'))).toBe('ok');
});

test('a personal key’s cap holds for an organisation too', async () => {
  const studio = await makeOrganization(pool, who);
  await pool.query(`select darkroom.issue($1, 100, 'promo', 'test', null, 'test')`, [studio.account]);
  const key = await makeApiKey(pool, who, { monthly_credit_cap: 15, rate_limit_per_minute: 3 });
  const run = async () => codeOf(await submit(pool, key, ['replicate'], { account_id: studio.account }));
  expect([await run(), await run()]).toEqual(['ok', 'spend_cap_reached']);
});

test('grants are in the log of the account that got them, once', async () => {
  const operator = await makeOperator(pool);
  const grant = {
    idempotency_key: 'g',
    request_hash: 'h',
    account_id: who.account,
    credits: 5,
    kind: 'promo',
    reason: 'hello',
  };
  for (let i = 0; i < 2; i++) await must(rpc(pool, 'submit', 'grant_credits', [operator.credential, grant]));
  const entries = (await must(call('audit_log', {}))).data;
  expect(entries).toMatchObject([{ action: 'credits.granted', after: { credits: 5, kind: 'promo', reason: 'hello' } }]);
});
