import type { KeyForAttempt, KeysDatabase } from '../../shared/db/keys.ts';
import type { SealedDatabase } from '../../shared/db/sealed.ts';
import { unwrap } from '../../shared/errors/result.ts';
import type { OpenResult } from '../../shared/internal/key-vault.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Keyring } from '../../shared/seal/keyring.ts';
import { environmentKey } from './environment-keys.ts';
import { type KeyContext, openSealed, type SealedKey } from './sealed-key.ts';

export type OpenKeyDeps = {
  db: Pick<KeysDatabase, 'keyForAttempt'>;
  /** Where sealed keys stand if they have a database of their own. */
  sealed?: Pick<SealedDatabase, 'getSealed'>;
  keyring: Keyring;
  /** The environment, where the platform's own keys stand. */
  env: Record<string, unknown>;
  log: Log;
};

/**
 * The key that an attempt was given, in clear. The database says which one that is, and only under the attempt's own fence.
 * Throws where the database cannot be asked: nothing is known then, and the caller must not judge the key.
 */
export async function openKey(deps: OpenKeyDeps, attempt: { attempt_id: string; fence: number }): Promise<OpenResult> {
  const found = await deps.db.keyForAttempt(attempt.attempt_id, attempt.fence);
  if (!found.ok && found.refusal.code !== 'not_found') throw new Error(`key not read: ${found.refusal.code}`);
  if (!found.ok) return { missing: 'The attempt has no key under this fence.' };
  const opened =
    found.value.source === 'environment' ? fromEnvironment(deps, found.value) : await fromSeal(deps, found.value);
  if ('missing' in opened) deps.log('error', 'key_not_opened', { key_id: found.value.key_id, reason: opened.missing });
  return opened;
}

function fromEnvironment({ env }: OpenKeyDeps, row: KeyForAttempt): OpenResult {
  const found = environmentKey(env, row.provider, row.env_name ?? '');
  if (!found) return { missing: 'The environment no longer holds this key.' };
  const { webhookSecret, ...key } = found;
  const config = { ...row.additional_config, ...(webhookSecret && { webhook_secret: webhookSecret }) };
  return { ...key, config, key_id: row.key_id, version: row.version };
}

async function fromSeal(deps: OpenKeyDeps, row: KeyForAttempt): Promise<OpenResult> {
  const sealed = await sealedOf(deps, row);
  const opened = sealed && (await openSealed(deps.keyring, contextOf(row), sealed));
  if (!opened) return { missing: 'The stored key cannot be opened.' };
  return { ...opened, key_id: row.key_id, version: row.version };
}

/** Null where it is in neither database. Throws where the other one cannot be asked. */
async function sealedOf({ sealed }: OpenKeyDeps, row: KeyForAttempt): Promise<SealedKey | null> {
  const { api_key, api_secret, additional_config } = row;
  if (api_key !== null) return { api_key, api_secret, additional_config: additional_config ?? {} };
  const found = await sealed?.getSealed(row.key_id, row.version);
  return found && (found.ok || found.refusal.code !== 'not_found') ? unwrap(found) : null;
}

const contextOf = (row: KeyForAttempt): KeyContext => ({
  owner: row.owner,
  provider: row.provider,
  keyId: row.key_id,
  version: row.version,
});
