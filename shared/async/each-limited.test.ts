import { expect, test } from 'vitest';
import { eachLimited } from './each-limited.ts';

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

test('takes every item once, never more than the limit at a time', async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await eachLimited([...Array(25).keys()], { limit: 4 }, async (item) => {
    most = Math.max(most, ++running);
    await tick();
    seen.push(item);
    running--;
  });
  expect(seen.toSorted((a, b) => a - b)).toEqual([...Array(25).keys()]);
  expect(most).toBe(4);
});

test('starts nothing more once it is enough', async () => {
  const seen: number[] = [];
  await eachLimited([1, 2, 3, 4], { limit: 1, enough: () => seen.length === 2 }, async (item) => seen.push(item));
  expect(seen).toEqual([1, 2]);
});

test('an error in one lane comes out after the others have finished', async () => {
  const seen: number[] = [];
  const run = eachLimited([1, 2, 3], { limit: 2 }, async (item) => {
    if (item === 1) throw new Error('one');
    await tick();
    seen.push(item);
  });
  await expect(run).rejects.toThrow('one');
  expect(seen).toEqual([2, 3]);
});

test('nothing to do is done at once', async () => {
  await eachLimited([], { limit: 3 }, () => Promise.reject(new Error('never')));
});
