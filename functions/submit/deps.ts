import type { VerifyUser } from '../../shared/auth/jwt.ts';
import type { SubmitDatabase } from '../../shared/db/submit.ts';
import type { ReadLimits } from '../../shared/http/read-limit.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Wake } from '../../shared/qstash/wake.ts';
import type { JobSnapshots } from './http/job-snapshots.ts';

/** Everything that this Worker touches, injected: tests put fakes in. */
export type Deps = {
  db: SubmitDatabase;
  wake: Wake;
  verifyUser: VerifyUser;
  readLimits: ReadLimits;
  snapshots: JobSnapshots;
  /** A static file that is deployed beside the Worker, by its path. */
  asset: (path: string) => Promise<Response>;
  log: Log;
  /** Milliseconds. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  settings: Settings;
};

export type Settings = {
  /** Where clients reach us, without a slash at the end. */
  origin: string;
  allowedOrigins: string[];
  /** Origins that the guard of URLs lets through besides public https ones; empty in production. */
  localMediaOrigins: string[];
  localWebhookOrigins: string[];
};
