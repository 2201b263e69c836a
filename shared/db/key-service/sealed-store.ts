import type { Call } from '../client.ts';
import type { Sealed } from './provider-key-rows.ts';

/** All there is of one version; columns without a value are null. */
export type SealedRow = { api_key: string; api_secret: string | null; config: Record<string, string> };
export type SealedVersion = SealedRow & { key_id: string; version: number };

/** Ciphertext by key and version: in the main database, or in the keys' own, which has these functions and no others. */
export const sealedStoreCalls = (call: Call) => ({
  putSealed: (key_id: string, version: number, sealed: Sealed) =>
    call<{ key_id: string; version: number }>('put_sealed', { key_id, version, sealed }),
  getSealed: (key_id: string, version: number) => call<SealedRow>('get_sealed', { key_id, version }),
  wipeSealed: (key_id: string, version: number) => call<{ wiped: boolean }>('wipe_sealed', { key_id, version }),
  /** What is not wrapped under this key-encryption key yet, after the last row of the page before. */
  listSealed: (kek_id: string, after: Pick<SealedVersion, 'key_id' | 'version'> | null, max: number) =>
    call<SealedVersion[]>('list_sealed', { kek_id, after, max }),
  /** Changes nothing unless the row is still as it was in `before`. */
  rewrapSealed: (key_id: string, version: number, before: SealedRow, after: SealedRow) =>
    call<{ rewrapped: boolean }>('rewrap_sealed', { key_id, version, before, after }),
});
