import { expect, test } from 'vitest';
import { text } from './build.ts';
import * as z from './zod.ts';

test('what does not fit is told in words', () => {
  const messages = (schema: z.ZodMiniType, value: unknown) =>
    schema.safeParse(value).error?.issues.map(({ message }) => message);
  expect(messages(z.string(), 1)).toEqual(['Invalid input: expected string, received number']);
  expect(messages(text(1, 3), 'four')).toEqual(['Too big: expected string to have <=3 characters']);
});
