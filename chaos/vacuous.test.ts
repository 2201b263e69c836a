import { expect, test } from 'vitest';
import { type Coverage, whyVacuous } from './vacuous.ts';

const good: Coverage = {
  asked: 100,
  accepted: 90,
  completed: 60,
  planned: ['a', 'b', 'c', 'd'],
  faults: { a: 3, b: 1, c: 1 },
  submissions: 80,
  submitted: 80,
  looks: 9,
  missed: [],
};

test('a run that did something proves something', () => {
  expect(whyVacuous(good)).toBeUndefined();
  expect(whyVacuous({ ...good, planned: [], faults: {} })).toBeUndefined();
});

test.each<[string, Partial<Coverage>]>([
  ['only 49 of 100 jobs were accepted', { accepted: 49 }],
  ['only 20 of 90 accepted jobs completed', { completed: 20 }],
  ['only 1 of 4 kinds of fault happened; never b, c, d', { faults: { a: 7 } }],
  ['only 0 of 1 kinds of fault happened', { planned: ['a'], faults: {} }],
  ['the books were never looked at', { looks: 0 }],
  ['the seams saw 79 of 80 submissions', { submissions: 79 }],
  ['did not notice broken rows: 6', { missed: ['6'] }],
])('%s: that proves nothing', (reason, change) => {
  expect(whyVacuous({ ...good, ...change })).toContain(reason);
});

test('few jobs are not asked to meet every fault', () => {
  const planned = Array.from({ length: 70 }, (_, n) => `fault ${n}`);
  const faults = Object.fromEntries(planned.slice(0, 12).map((name) => [name, 1]));
  expect(whyVacuous({ ...good, asked: 20, accepted: 20, completed: 15, planned, faults })).toBeUndefined();
});
