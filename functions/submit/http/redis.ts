import { Redis } from '@upstash/redis/cloudflare';
import type { Log } from '../../../shared/log/log.ts';
import type { Env } from '../env.ts';
import { createJobSnapshots } from './job-snapshots.ts';
import { createReadLimits } from './read-limits.ts';

const TIMEOUT_MS = 300;

type RedisOptions = { env: Env; log: Log; now: () => number };

/** What Redis is for. It only ever helps: one try, and never longer than a reader would notice. */
export function createRedisHelpers({ env, log, now }: RedisOptions) {
  const redis = new Redis({
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
    retry: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  });
  return { readLimits: createReadLimits({ redis, log, now }), snapshots: createJobSnapshots({ redis, log }) };
}
