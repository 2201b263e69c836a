import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/stack.ts';
import { codeOf, keys, makePerson, must } from './people.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await freshDatabase();
});
afterAll(() => pool.end());

test('an account tries 30 keys a minute, however many at once; each leaves a line in the audit log', async () => {
  const [who, other] = [await makePerson(pool), await makePerson(pool)];
  const attempt = (n: number, person = who, clock?: string) =>
    keys(pool, 'begin_key_test', [person.credential, { provider: 'fal', last4: 'abcd', fingerprint: `f${n}` }], clock);
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => attempt(n)));
  expect(answers.map(codeOf).toSorted()).toEqual([...Array(30).fill('ok'), ...Array(10).fill('rate_limited')]);
  const refused = answers.find(({ refusal }) => refusal)?.refusal;
  expect(refused?.limit).toBe(30);
  expect(refused?.retry_after).toBeGreaterThan(0);
  expect(refused?.retry_after).toBeLessThanOrEqual(60);
  expect(codeOf(await attempt(40, other))).toBe('ok');
  expect(codeOf(await attempt(41, who, '61 seconds'))).toBe('ok');
  const log = await must(keys(pool, 'audit_log', [who.credential, { action: 'provider_key.tried', limit: 100 }]));
  expect(log.data).toHaveLength(31);
  expect(log.data.at(-1)).toMatchObject({
    actor: who.user,
    target: { kind: 'provider', id: 'fal' },
    after: { last4: 'abcd', fingerprint: expect.stringMatching(/^f\d+$/) },
  });
});
