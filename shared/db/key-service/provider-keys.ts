import type { Credential } from '../../auth/credential.ts';
import type { Call } from '../client.ts';
import type { Once, Page, Replayed, Scope } from '../common.ts';
import type {
  DeletedKey,
  KeyCheck,
  KeyEvent,
  KeyMaterial,
  KeyPoolRow,
  NewProviderKey,
  NextVersion,
  ProviderKeyFilter,
  ProviderKeyPatch,
  ProviderKeyRow,
  SealPlan,
} from './provider-key-rows.ts';

/** Providers' keys and their pools, and what the sweep does for them. */
export const providerKeyCalls = (call: Call) => ({
  prepareProviderKey: (
    credential: Credential,
    request: { id: string; idempotency: Once } | (Scope & { provider: string }),
  ) => call<SealPlan>('prepare_provider_key', { credential, request }),
  createProviderKey: (credential: Credential, request: NewProviderKey, idempotency: Once) =>
    call<Replayed<ProviderKeyRow>>('create_provider_key', { credential, request, idempotency }),
  listProviderKeys: (credential: Credential, filter: ProviderKeyFilter) =>
    call<Page<ProviderKeyRow>>('list_provider_keys', { credential, filter }),
  getProviderKey: (credential: Credential, id: string) =>
    call<ProviderKeyRow & { events: KeyEvent[] }>('get_provider_key', { credential, id }),
  patchProviderKey: (credential: Credential, id: string, patch: ProviderKeyPatch) =>
    call<ProviderKeyRow>('patch_provider_key', { credential, id, patch }),
  replaceProviderKey: (credential: Credential, id: string, request: NextVersion | null, idempotency: Once) =>
    call<Replayed<ProviderKeyRow>>('replace_provider_key', { credential, id, request, idempotency }),
  deleteProviderKey: (credential: Credential, id: string) =>
    call<DeletedKey>('delete_provider_key', { credential, id }),
  reorderProviderKeys: (credential: Credential, ids: string[], idempotency: Once) =>
    call<Replayed<Page<ProviderKeyRow>>>('reorder_provider_keys', { credential, ids, idempotency }),
  openProviderKey: (credential: Credential, id: string) => call<KeyMaterial>('open_provider_key', { credential, id }),
  beginKeyTest: (credential: Credential, request: { provider: string; last4: string; fingerprint: string }) =>
    call<Record<string, never>>('begin_key_test', { credential, request }),
  recordKeyTest: (credential: Credential, id: string, version: number, result: KeyCheck) =>
    call<ProviderKeyRow>('record_key_test', { credential, id, version, result }),

  putKeyPool: (credential: Credential, request: Scope & { profile: string; strategy: KeyPoolRow['strategy'] }) =>
    call<KeyPoolRow>('put_key_pool', { credential, request }),
  listKeyPools: (credential: Credential, filter: Scope) =>
    call<Page<KeyPoolRow>>('list_key_pools', { credential, filter }),

  dueProbes: (max: number) => call<(KeyMaterial & { state: ProviderKeyRow['state'] })[]>('due_probes', { max }),
  recordProbe: (key_id: string, version: number, result: KeyCheck) =>
    call<{ recorded: boolean; state: ProviderKeyRow['state'] | null; lanes: string[] }>('record_probe', {
      key_id,
      version,
      result,
    }),
  /** Wipes here; answers what must be wiped in the keys' own database, until `recordWiped` says that it was. */
  dueWipes: (max: number) => call<{ key_id: string; version: number }[]>('due_wipes', { max }),
  recordWiped: (key_id: string, version: number) => call<{ recorded: boolean }>('record_wiped', { key_id, version }),
});
