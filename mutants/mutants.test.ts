import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findSafeguard } from './find.ts';
import { type Mutant, mutants } from './mutants.ts';
import { survivors, table } from './table.ts';

const root = resolve(import.meta.dirname, '..');

test('ten safeguards, each once', () => {
  expect(new Set(mutants.map(({ safeguard }) => safeguard)).size).toBe(10);
  expect(mutants).toHaveLength(10);
});

test.each(mutants)('$safeguard stands in $where exactly once, and changes when it is taken out', (mutant) => {
  const file = findSafeguard(root, mutant);
  const whole = readFileSync(join(root, file), 'utf8');
  expect(whole.replace(mutant.find, () => mutant.replace)).not.toBe(whole);
});

test('what stands nowhere, or twice, is said', () => {
  const mutant = mutants[0] as Mutant;
  expect(() => findSafeguard(root, { ...mutant, find: 'no such words' })).toThrow('it stands nowhere');
  expect(() => findSafeguard(root, { ...mutant, find: 'create function' })).toThrow('exactly once');
});

test('the table names who survived', () => {
  const [one, two] = mutants as [Mutant, Mutant];
  const rows = [
    { mutant: one, file: one.where, caughtBy: 'a test | of something', seconds: 1.2 },
    { mutant: two, file: two.where, caughtBy: undefined, seconds: 3 },
  ];
  expect(survivors(rows)).toEqual([rows[1]]);
  expect(table(rows)).toContain(`${one.test.file}: a test \\| of something | 1.2 |`);
  expect(table(rows)).toContain(`1 of 2 caught. Survived: ${two.safeguard}.`);
});
