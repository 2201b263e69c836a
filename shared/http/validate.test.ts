import { expect, test } from 'vitest';
import * as z from '../schema/zod.ts';
import { validate } from './validate.ts';

const Schema = z.strictObject({ jobs: z.array(z.strictObject({ count: z.int().check(z.minimum(1)) })) });

test('names every path, unknown fields too', () => {
  expect(validate(Schema, { jobs: [{ count: 0 }, { count: 1, cuont: 2 }], job: 1 })).toMatchObject({
    ok: false,
    refusal: {
      code: 'invalid_input',
      errors: [
        { path: 'jobs[0].count' },
        { path: 'jobs[1].cuont', message: 'Unknown field' },
        { path: 'job', message: 'Unknown field' },
      ],
    },
  });
});

test('a whole that is wrong has an empty path', () => {
  expect(validate(Schema, [])).toMatchObject({ refusal: { errors: [{ path: '' }] } });
});

test('never more than twenty errors', () => {
  const result = validate(Schema, { jobs: Array.from({ length: 100 }, () => ({})) });
  expect(result).toMatchObject({ refusal: { errors: { length: 20 } } });
});

test.each([0, -1, 1.5, '1e3', Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 63, null, true, '1', [1]])(
  'not an amount: %j',
  (count) => {
    expect(validate(Schema, { jobs: [{ count }] }).ok).toBe(false);
  },
);
