import { describe, expect, test } from 'vitest';
import { defaultDelay, retryDelay } from './backoff.ts';
import { parseDuration, parseRetryAfter } from './durations.ts';
import { evaluate } from './expression.ts';

const delay = (retried: number, headers = {}, expression?: string) =>
  retryDelay({ retried, expression, headers: new Headers(headers), now: Date.UTC(2026, 0, 1), scale: 1 });

describe('delays between retries', () => {
  test("are the vendor's: 12 s, 2 min 28 s, 30 min 8 s, 6 h 7 min 6 s, a day", () => {
    expect([1, 2, 3, 4, 5, 6].map((n) => Math.floor(defaultDelay(n) / 1000))).toEqual([
      12, 148, 1808, 22026, 86400, 86400,
    ]);
    expect(delay(0)).toBe(defaultDelay(1));
  });

  test('follow the expression of the message', () => {
    expect([0, 1, 2].map((retried) => delay(retried, {}, 'max(1000, pow(2, retried) * 600)'))).toEqual([
      1000, 1200, 2400,
    ]);
    expect(delay(3, {}, '1000 * (1 + retried) - 500 / 2')).toBe(3750);
    expect(delay(0, {}, 'exp(100)')).toBe(86_400_000);
    expect(delay(0, {}, '0 - 5')).toBe(0);
  });

  test.each([
    ['Retry-After', '10', 10_000],
    ['Retry-After', '0', 0],
    ['Retry-After', '6m5s', 365_000],
    ['Retry-After', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['X-RateLimit-Reset-Tokens', '1.5s', 1500],
    ['Retry-After', '86401', defaultDelay(1)],
    ['Retry-After', 'soon', defaultDelay(1)],
  ])('%s: %s', (name, value, expected) => {
    expect(delay(0, { [name]: value })).toBe(expected);
  });
});

test('durations', () => {
  expect(['50s', '1d10h30m', '5ms', '1.5h'].map(parseDuration)).toEqual([50_000, 124_200_000, 5, 5_400_000]);
  expect(['', '5', 's', '5 s', '-5s', '5x'].map(parseDuration)).toEqual(Array(6).fill(undefined));
  expect(parseRetryAfter('never', 0)).toBeUndefined();
});

test.each(['', '1 +', 'unknown', 'pow(1, 2', 'retried retried', 'process.exit()', '2 ^ 3', 'constructor'])(
  '%j is no expression',
  (text) => {
    expect(() => evaluate(text, { retried: 0 })).toThrow('unexpected');
  },
);
