import type { JobRow } from '../../../shared/db/rows.ts';
import type { Log } from '../../../shared/log/log.ts';
import type { Redis } from './redis.ts';

/** A polled job as one caller saw it within the last second. */
export type JobSnapshots = {
  get(subject: string, jobId: string): Promise<JobRow | null>;
  put(subject: string, row: JobRow): Promise<void>;
};

const TTL_MS = 1_000;

/** Kept per caller, because what a caller may see is the database's to say: another credential never reads this copy. */
export function createJobSnapshots({ redis, log }: { redis: Redis; log: Log }): JobSnapshots {
  const key = (subject: string, jobId: string) => `job:${subject}:${jobId}`;
  const unknown = (error: unknown) => {
    log('warn', 'snapshot_unknown', { error });
    return null;
  };
  return {
    get: (subject, jobId) =>
      redis
        .get(key(subject, jobId))
        .then((kept) => (kept === null ? null : (JSON.parse(kept) as JobRow)))
        .catch(unknown),
    async put(subject, row) {
      await redis.set(key(subject, row.id), JSON.stringify(row), TTL_MS).catch(unknown);
    },
  };
}
