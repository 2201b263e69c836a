import { Ratelimit } from '@upstash/ratelimit';
import { type ReadLimits, WINDOW_SECONDS } from '../../../shared/http/read-limit.ts';
import type { Log } from '../../../shared/log/log.ts';
import type { Redis } from './redis.ts';

/** As generous as the providers' own look-ups (Replicate: 3,000 a minute), for clients that poll many jobs at once. */
export const READS_PER_WINDOW = 6_000;
const HOT_AFTER = 100;
const TIMEOUT_MS = 300;

type RatelimitRedis = ConstructorParameters<typeof Ratelimit>[0]['redis'];
type ReadLimitsOptions = { redis: Redis; log: Log; now: () => number };

/** One Redis command per read. */
export function createReadLimits({ redis, log, now }: ReadLimitsOptions): ReadLimits {
  const ratelimit = new Ratelimit({
    // Of the SDK's methods it asks for `evalsha`, and for `eval` where the script is not known yet.
    redis: redis as unknown as RatelimitRedis,
    prefix: 'reads',
    limiter: Ratelimit.slidingWindow(READS_PER_WINDOW, `${WINDOW_SECONDS} s`),
    timeout: TIMEOUT_MS,
  });
  return async function readLimits(subject) {
    try {
      const { success, limit, remaining, reset, reason } = await ratelimit.limit(subject);
      if (reason === 'timeout' || !Number.isFinite(remaining)) return null;
      const resetSeconds = Math.max(1, Math.ceil((reset - now()) / 1_000));
      return {
        allowed: success,
        limit,
        remaining: Math.max(0, remaining),
        resetSeconds,
        hot: limit - remaining > HOT_AFTER,
      };
    } catch (error) {
      log('warn', 'read_limit_unknown', { error });
      return null;
    }
  };
}
