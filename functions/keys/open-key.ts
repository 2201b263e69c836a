import type { KeyForAttempt, KeysDatabase } from '../../shared/db/keys.ts';
import type { OpenResult } from '../../shared/internal/key-vault.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Keyring } from '../../shared/seal/keyring.ts';
import { type SealContext, unseal } from '../../shared/seal/seal.ts';
import { environmentKey } from './environment-keys.ts';

export type OpenKeyDeps = {
  db: Pick<KeysDatabase, 'keyForAttempt'>;
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

async function fromSeal({ keyring }: OpenKeyDeps, row: KeyForAttempt): Promise<OpenResult> {
  const open = async (sealed: string, field?: string) => {
    const unsealed = await unseal(keyring, { ...contextOf(row), field }, sealed);
    return unsealed.ok ? unsealed.secret : null;
  };
  const key = row.api_key === null ? null : await open(row.api_key);
  const secret = row.api_secret === null ? undefined : await open(row.api_secret, 'api_secret');
  const config = await openConfig(row.additional_config ?? {}, open);
  if (key === null || secret === null || config === null) return { missing: 'The stored key cannot be opened.' };
  return { key, ...(secret !== undefined && { secret }), config, key_id: row.key_id, version: row.version };
}

/** Settings may hold secrets of their own; those are sealed like the key, under the name of their field. */
async function openConfig(
  config: Record<string, unknown>,
  open: (sealed: string, field: string) => Promise<string | null>,
) {
  const opened: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) {
    const sealed = typeof value === 'string' && value.startsWith('dkv1.');
    opened[name] = sealed ? await open(value, `config.${name}`) : value;
    if (opened[name] === null && sealed) return null;
  }
  return opened;
}

const contextOf = (row: KeyForAttempt): SealContext => ({
  owner: row.owner,
  provider: row.provider,
  keyId: row.key_id,
  version: row.version,
});
