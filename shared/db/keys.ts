import type { Call } from './client.ts';

export type KeyForAttempt = {
  key_id: string;
  version: number;
  provider: string;
  owner: string;
  source: 'environment' | 'sealed';
  env_name?: string | null;
  /** Sealed, never clear. */
  api_key: string | null;
  api_secret: string | null;
  additional_config: Record<string, unknown> | null;
};
export type EnvironmentKey = {
  provider: string;
  profile?: string;
  env_name: string;
  fingerprint: string;
  last4: string;
  max_concurrency?: number;
};

export type KeysDatabase = ReturnType<typeof createKeysDatabase>;

/** The SQL functions of the role `keys`, one thin method each. */
export function createKeysDatabase(call: Call) {
  return {
    keyForAttempt: (attempt_id: string, fence: number) => call<KeyForAttempt>('key_for_attempt', { attempt_id, fence }),
    mirrorEnvironment: (keys: EnvironmentKey[]) =>
      call<{ added: number; removed: number }>('mirror_environment', { keys }),
  };
}
