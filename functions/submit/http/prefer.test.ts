import { expect, test } from 'vitest';
import { waitSeconds } from './prefer.ts';

test.each<[string | undefined, number]>([
  [undefined, 0],
  ['', 0],
  ['wait=10', 10],
  ['wait=60', 60],
  ['wait=61', 60],
  ['wait=999999', 60],
  ['wait=0', 0],
  ['Wait = 5', 5],
  ['respond-async, wait=7', 7],
  ['wait="8"', 8],
  ['wait=-1', 0],
  ['wait=1.5', 0],
  ['wait=1e3', 0],
  ['wait', 0],
  ['wait=ten', 0],
  ['await=5', 0],
])('%j waits %i s', (prefer, seconds) => {
  expect(waitSeconds(prefer)).toBe(seconds);
});
