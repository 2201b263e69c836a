import { parseRetryAfter } from './durations.ts';
import { evaluate } from './expression.ts';

const DAY = 86_400_000;
const RETRY_HEADERS = ['retry-after', 'x-ratelimit-reset', 'x-ratelimit-reset-requests', 'x-ratelimit-reset-tokens'];

export type Failure = {
  /** Retries before this failure: 0 after the first attempt. */
  retried: number;
  expression?: string | undefined;
  headers: Headers;
  now: number;
  /** Multiplies the vendor's delays and the expression's; what the destination asked for is kept. */
  scale: number;
};

/** Milliseconds until the next attempt: the destination's wish, else the message's expression, else the vendor's backoff. */
export function retryDelay({ retried, expression, headers, now, scale }: Failure): number {
  const wish = requestedDelay(headers, now);
  if (wish !== undefined) return wish;
  const delay = expression === undefined ? defaultDelay(retried + 1) : evaluate(expression, { retried });
  return Math.max(0, Math.min(DAY, Number.isFinite(delay) ? delay : DAY)) * scale;
}

/** `min(86400, e^(2.5n))` seconds: 12 s, 2 min 28 s, 30 min 8 s, … */
export function defaultDelay(n: number): number {
  return Math.min(DAY, Math.exp(2.5 * n) * 1000);
}

// A wish of more than a day is ignored, as the vendor does.
function requestedDelay(headers: Headers, now: number): number | undefined {
  for (const name of RETRY_HEADERS) {
    const value = headers.get(name);
    const delay = value === null ? undefined : parseRetryAfter(value, now);
    if (delay !== undefined && delay <= DAY) return delay;
  }
  return undefined;
}
