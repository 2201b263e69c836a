import type { VerifyUser } from '../../shared/auth/jwt.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Keyring } from '../../shared/seal/keyring.ts';
import type { Fetch } from '../../shared/urls/guarded-fetch.ts';
import type { KeyStores } from './key-store.ts';

/** Everything that this Worker touches, injected: tests put fakes in. */
export type KeysDeps = KeyStores & {
  keyring: Keyring;
  /** The environment, where the platform's own keys and its endpoints stand. */
  env: Record<string, unknown>;
  verifyUser: VerifyUser;
  /** Reaches providers, to try their keys. */
  fetch: Fetch;
  log: Log;
  /** Milliseconds. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** The public origin, without a slash at the end. */
  origin: string;
  /** Browser origins that may call the API. */
  allowedOrigins: string[];
  /** Locally: private origins that custom endpoints may have. */
  localOrigins: readonly string[];
  /** Shared by the Workers. */
  signingSecret: string;
};
