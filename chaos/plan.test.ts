import { expect, test } from 'vitest';
import { chooseFaults, faultNames } from './faults/catalogue.ts';
import { readRanges, replayCommand, writeRanges } from './options.ts';
import { makePlan } from './plan.ts';
import { fewest } from './shrink.ts';

const request = { seed: 7, jobs: 100, faults: faultNames };

test('a seed decides the whole plan', () => {
  expect(makePlan(request)).toEqual(makePlan(request));
  expect(makePlan({ ...request, seed: 8 }).operations).not.toEqual(makePlan(request).operations);
});

test('fewer faults leave the others, and all the work, as they were', () => {
  const jobs = { seed: 7, jobs: 100 };
  const few = makePlan({ ...jobs, faults: ['callback-lost', '28-provider-429'] });
  const more = makePlan({ ...jobs, faults: ['callback-lost', '28-provider-429', '08-cron-missed-or-doubled'] });
  expect(more.operations).toEqual(few.operations);
  const callbacks = ({ faults }: typeof few) =>
    faults.filter(({ name }) => name === 'callback-lost').map(({ at, seed }) => [at, seed]);
  expect(callbacks(more)).toEqual(callbacks(few));
});

test('a plan holds as many jobs as were asked for, every fault, and at least 25 of the list', () => {
  const { operations, faults } = makePlan(request);
  expect(operations.reduce((sum, { jobs }) => sum + jobs.length, 0)).toBe(100);
  expect(new Set(faults.map(({ name }) => name))).toEqual(new Set(faultNames));
  expect(faultNames.filter((name) => /^\d\d-/.test(name)).length).toBeGreaterThanOrEqual(25);
  expect(new Set(faultNames).size).toBe(faultNames.length);
});

test('what is kept narrows a plan and changes nothing else', () => {
  const whole = makePlan(request);
  const kept = { operations: new Set([3, 4]), faults: new Set([0]) };
  const narrow = makePlan({ ...request, kept });
  expect(narrow.operations).toEqual(whole.operations.filter(({ id }) => kept.operations.has(id)));
  expect(narrow.faults).toEqual(whole.faults.filter(({ id }) => kept.faults.has(id)));
});

test('faults go by name or by number; an unknown one is refused', () => {
  expect(chooseFaults('28, callback-lost')).toEqual(['28-provider-429', 'callback-lost']);
  expect(chooseFaults('4')).toEqual(['04-serialization-failure']);
  expect(chooseFaults('none')).toEqual([]);
  expect(() => chooseFaults('28,nonsense')).toThrow('nonsense');
});

test('ranges are read as they are written', () => {
  expect(writeRanges([5, 1, 2, 3, 9])).toBe('1-3,5,9');
  expect([...(readRanges('1-3,5,9') ?? [])]).toEqual([1, 2, 3, 5, 9]);
  expect(() => readRanges('1-x')).toThrow('1-x');
  expect(() => readRanges('')).toThrow('no range');
  expect(readRanges(writeRanges([]))).toEqual(new Set());
});

test('the command of a run runs the same plan', () => {
  const options = { seed: 7, jobs: 30, faultList: '28, callback-lost' };
  expect(replayCommand(options)).toBe('npm run chaos -- --seed 7 --jobs 30 --faults 28,callback-lost');
  const kept = { operations: new Set([3, 4, 9]), faults: new Set<number>() };
  expect(replayCommand({ ...options, kept })).toContain('callback-lost --operations 3-4,9 --choices none');
});

test('shrinking finds the two that fail together, in few runs', async () => {
  let runs = 0;
  const fails = async (kept: number[]) => {
    runs += 1;
    return kept.includes(17) && kept.includes(63);
  };
  const all = Array.from({ length: 100 }, (_, n) => n);
  expect(await fewest(all, fails)).toEqual([17, 63]);
  expect(runs).toBeLessThan(60);
  expect(await fewest(all, async () => true)).toEqual([]);
});
