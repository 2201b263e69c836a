import { expect, test } from 'vitest';
import { type Fruitless, verdictOf } from './verdict.ts';

test.each<[Fruitless, object]>([
  [
    { status: 'failed', code: 'failed', message: 'm' },
    { error: { class: 'failed', code: 'provider_failed', retryable: true } },
  ],
  [{ status: 'failed', code: 'timeout', message: 'm' }, { error: { class: 'failed', code: 'provider_timeout' } }],
  [
    { status: 'rejected', code: 'invalid_input', message: 'm' },
    { error: { class: 'input', code: 'invalid_input', retryable: false } },
  ],
  [
    { status: 'rejected', code: 'moderation', message: 'm' },
    { error: { class: 'moderation', code: 'moderation', retryable: false } },
  ],
  [
    { status: 'refused', httpStatus: 500, message: 'm' },
    { error: { class: 'refused', code: 'provider_refused', retryable: true } },
  ],
  [
    { status: 'rate_limited', retryAfterSeconds: 30, message: 'm' },
    { error: { class: 'rate_limited' }, key_state: 'cooling', retry_after_seconds: 30 },
  ],
  [
    { status: 'unauthorized', message: 'm' },
    { error: { class: 'key', code: 'provider_key_invalid' }, key_state: 'disabled', key_reason: 'm' },
  ],
  [
    { status: 'out_of_credit', message: 'm' },
    { error: { class: 'key', code: 'provider_out_of_credit' }, key_state: 'out_of_credit', key_reason: 'm' },
  ],
])('%o', (outcome, expected) => {
  expect(verdictOf(outcome)).toMatchObject({ event: 'failed', outputs: [], ...expected });
});

test('a cancel is no failure', () => {
  expect(verdictOf({ status: 'canceled' })).toEqual({ event: 'canceled', outputs: [] });
});

test('a rejection names the field; a message is cut and holds nothing that no database takes', () => {
  const rejected = verdictOf({ status: 'rejected', code: 'invalid_input', message: 'too long', field: 'prompt' });
  expect(rejected.error?.message).toBe('prompt: too long');
  const long = verdictOf({ status: 'failed', code: 'failed', message: `a\0\uD800${'😀'.repeat(500)}` });
  expect(long.error?.message.length).toBeLessThanOrEqual(500);
  expect(long.error?.message.isWellFormed()).toBe(true);
  expect(long.error?.message).not.toContain('\0');
});
