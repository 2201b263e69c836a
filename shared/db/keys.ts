import type { Call } from './client.ts';
import type { KeyMaterial } from './key-service/provider-key-rows.ts';

/** Everything secret in it is sealed. */
export type KeyForAttempt = KeyMaterial;
export type EnvironmentKey = {
  provider: string;
  profile?: string;
  env_name: string;
  fingerprint: string;
  last4: string;
  max_concurrency?: number;
};

export type KeysDatabase = ReturnType<typeof createKeysDatabase>;

/** The SQL functions of the role `keys` that no client reaches, one thin method each. */
export function createKeysDatabase(call: Call) {
  return {
    keyForAttempt: (attempt_id: string, fence: number) => call<KeyForAttempt>('key_for_attempt', { attempt_id, fence }),
    mirrorEnvironment: (keys: EnvironmentKey[]) =>
      call<{ added: number; removed: number }>('mirror_environment', { keys }),
  };
}
