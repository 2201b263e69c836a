import type { Call } from '../client.ts';
import type { Sealed } from './provider-key-rows.ts';

/** All there is of one version. `additional_config` has only what is sealed of it. */
export type SealedRow = {
  key_id: string;
  version: number;
  /** Whom the data keys are wrapped for, e.g. `user:acct_…`. */
  owner: string;
  api_key: string;
  api_secret: string | null;
  additional_config: Record<string, string>;
};
export type Rewrapped = Pick<SealedRow, 'api_key' | 'api_secret'> & { additional_config: Record<string, unknown> };

/** Ciphertext by key and version: in the main database, or in the keys' own, which has these functions and no others. */
export const sealedStoreCalls = (call: Call) => ({
  putSealed: (key_id: string, version: number, sealed: Sealed & { owner: string }) =>
    call<{ key_id: string; version: number }>('put_sealed', { key_id, version, sealed }),
  getSealed: (key_id: string, version: number) => call<SealedRow>('get_sealed', { key_id, version }),
  /** With an `api_key` only if it is still that one. */
  wipeSealed: (key_id: string, version: number, api_key: string | null = null) =>
    call<{ wiped: boolean }>('wipe_sealed', { key_id, version, api_key }),
  /** What is not wrapped under this key-encryption key yet, after the last row of the page before. */
  listSealed: (kek_id: string, after: Pick<SealedRow, 'key_id' | 'version'> | null, max: number) =>
    call<SealedRow[]>('list_sealed', { kek_id, after, max }),
  /** Changes nothing unless the row is still as it was in `before`. */
  rewrapSealed: (key_id: string, version: number, before: Rewrapped, after: Rewrapped) =>
    call<{ rewrapped: boolean }>('rewrap_sealed', { key_id, version, before, after }),
});
