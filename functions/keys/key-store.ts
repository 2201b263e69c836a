import type { KeyMaterial, SealPlan } from '../../shared/db/key-service/provider-key-rows.ts';
import type { Rewrapped, sealedStoreCalls } from '../../shared/db/key-service/sealed-store.ts';
import type { KeyServiceDatabase } from '../../shared/db/key-service.ts';
import { unwrap } from '../../shared/errors/result.ts';
import type { Log } from '../../shared/log/log.ts';
import type { SealedKey } from './sealed-key.ts';

export type SealedStore = ReturnType<typeof sealedStoreCalls>;

/** Ciphertext stands beside the metadata, or, if there is one, in a database of its own. */
export type KeyStores = { db: KeyServiceDatabase; sealed?: SealedStore };

type Version = Pick<SealPlan, 'id' | 'version' | 'owner'>;

/** Puts ciphertext where it belongs before its row is written. What the row takes along: everything, or a null for what lies elsewhere. */
export async function putAway({ sealed: store }: Pick<KeyStores, 'sealed'>, plan: Version, key: SealedKey) {
  if (!store) return key;
  unwrap(await store.putSealed(plan.id, plan.version, { ...key, owner: plan.owner }));
  return { ...key, api_key: null, api_secret: null };
}

/** Takes back what `putAway` did, for a row that was refused; not what somebody else has put there since. */
export async function takeBack(
  { sealed: store }: Pick<KeyStores, 'sealed'>,
  { id, version }: Version,
  { api_key }: SealedKey,
  log: Log,
) {
  const wiped = await store?.wipeSealed(id, version, api_key);
  if (wiped && !wiped.ok) log('warn', 'sealed_left_behind', { key_id: id, version, code: wiped.refusal.code });
}

/** Envelopes that lie elsewhere, as they are there; null where they are gone. Refuses where that cannot be asked. */
export async function envelopesOf(
  { sealed: store }: Pick<KeyStores, 'sealed'>,
  { key_id, version }: Pick<KeyMaterial, 'key_id' | 'version'>,
): Promise<Rewrapped | null> {
  const found = await store?.getSealed(key_id, version);
  return !found || (!found.ok && found.refusal.code === 'not_found') ? null : unwrap(found);
}

/** The same key with its envelopes, wherever they lie; null where they are gone. Refuses where that cannot be asked. */
export async function withEnvelopes(stores: Pick<KeyStores, 'sealed'>, key: KeyMaterial): Promise<KeyMaterial | null> {
  if (key.stored === 'here') return key;
  const envelopes = await envelopesOf(stores, key);
  if (!envelopes) return null;
  const { api_key, api_secret, additional_config } = envelopes;
  return { ...key, api_key, api_secret, additional_config: { ...key.additional_config, ...additional_config } };
}
