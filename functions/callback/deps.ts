import type { VerifyUser } from '../../shared/auth/jwt.ts';
import type { CallbackDatabase } from '../../shared/db/callback.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Wake } from '../../shared/qstash/wake.ts';
import type { Fetch } from '../../shared/urls/guarded-fetch.ts';

/** What the Worker `callback` needs of the world. */
export type CallbackDeps = {
  db: CallbackDatabase;
  wake: Wake;
  verifyUser: VerifyUser;
  /** Reaches partners' endpoints; only ever called through the URL guard. */
  fetch: Fetch;
  log: Log;
  /** Milliseconds. */
  now: () => number;
  /** The public origin, without a slash at the end. */
  origin: string;
  /** Browser origins that may call the API. */
  allowedOrigins: string[];
  /** Shared by the Workers. */
  signingSecret: string;
  /** The master that accounts' webhook secrets are derived from. */
  webhookMaster: string;
  /** Locally: private origins that webhooks may go to. */
  localOrigins: readonly string[];
};
