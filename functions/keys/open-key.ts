import type { KeyMaterial } from '../../shared/db/key-service/provider-key-rows.ts';
import type { KeyForAttempt } from '../../shared/db/keys.ts';
import { customEndpoints } from '../../shared/env/provider-variables.ts';
import type { Result } from '../../shared/errors/result.ts';
import type { OpenedKey, OpenResult } from '../../shared/internal/key-vault.ts';
import type { Log } from '../../shared/log/log.ts';
import type { Keyring } from '../../shared/seal/keyring.ts';
import { environmentKey } from './environment-keys.ts';
import { fingerprint } from './fingerprint.ts';
import { type KeyStores, withEnvelopes } from './key-store.ts';
import { openSealed } from './sealed-key.ts';

export type OpenKeyDeps = Pick<KeyStores, 'sealed'> & {
  db: { keyForAttempt: (attempt_id: string, fence: number) => Promise<Result<KeyForAttempt>> };
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
  return openMaterial(deps, found.value);
}

/** Any key as it is stored, in clear. Throws where its ciphertext cannot be asked for. */
export async function openMaterial(deps: Omit<OpenKeyDeps, 'db'>, row: KeyMaterial): Promise<OpenResult> {
  const opened = await OPEN[row.source](deps, row);
  if (!('missing' in opened)) return { ...opened, key_id: row.key_id, version: row.version };
  deps.log('error', 'key_not_opened', { key_id: row.key_id, reason: opened.missing });
  return opened;
}

type Opened = Omit<OpenedKey, 'key_id' | 'version'> | { missing: string };

const OPEN: Record<KeyMaterial['source'], (deps: Omit<OpenKeyDeps, 'db'>, row: KeyMaterial) => Promise<Opened>> = {
  environment: fromEnvironment,
  sealed: fromSeal,
  /** A custom endpoint that asks for no key. */
  endpoint: async (_deps, { additional_config }) => ({ key: '', config: additional_config }),
};

async function fromEnvironment({ env }: Pick<OpenKeyDeps, 'env'>, row: KeyMaterial): Promise<Opened> {
  const found = environmentKey(env, row.provider, row.env_name ?? '');
  if (!found) return { missing: 'The environment no longer holds this key.' };
  // A variable may hold another key by now: what the first one submitted, the second one cannot ask about.
  if ((await fingerprint(found.key)) !== row.fingerprint) return { missing: 'The environment holds another key now.' };
  const { webhookSecret, ...key } = found;
  const beside = { ...(webhookSecret && { webhook_secret: webhookSecret }), ...addressOf(env, row.provider) };
  return { ...key, config: { ...row.additional_config, ...beside } };
}

/** Where the platform's own models are: its keys are tried there, and nobody else's. */
function addressOf(env: Record<string, unknown>, provider: string): { endpoint_url?: string } {
  const [endpoint_url] = provider === 'modal' ? Object.values(customEndpoints(env)) : [];
  return endpoint_url === undefined ? {} : { endpoint_url };
}

async function fromSeal({ keyring, sealed }: Omit<OpenKeyDeps, 'db'>, row: KeyMaterial): Promise<Opened> {
  const found = await withEnvelopes({ sealed }, row);
  const opened = found && (await openSealed(keyring, found));
  return opened ?? { missing: 'The stored key cannot be opened.' };
}
