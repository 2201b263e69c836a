import type { Call } from './client.ts';

/** The secrets of one version of a key, all of them sealed. */
export type SealedSecrets = {
  api_key: string;
  api_secret: string | null;
  additional_config: Record<string, unknown>;
};

export type SealedDatabase = ReturnType<typeof createSealedDatabase>;

/** The SQL functions of a database that holds nothing but sealed keys, one thin method each. */
export function createSealedDatabase(call: Call) {
  return {
    putSealed: (key_id: string, version: number, sealed: SealedSecrets) =>
      call<Record<string, never>>('put_sealed', { key_id, version, sealed }),
    getSealed: (key_id: string, version: number) => call<SealedSecrets>('get_sealed', { key_id, version }),
    wipeSealed: (key_id: string, version: number) => call<Record<string, never>>('wipe_sealed', { key_id, version }),
  };
}
