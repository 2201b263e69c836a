import type { KeyMaterial } from '../../shared/db/key-service/provider-key-rows.ts';
import type { Rewrapped } from '../../shared/db/key-service/sealed-store.ts';
import type { Keyring } from '../../shared/seal/keyring.ts';
import { rewrap, type SealContext, seal, unseal } from '../../shared/seal/seal.ts';
import { joinConfig, splitConfig } from './config-secrets.ts';

/** Whose key it is and which: what every sealed text of it is bound to. */
export type KeyContext = Omit<SealContext, 'field'>;

type Config = Record<string, unknown>;

/** What a caller hands us in clear. */
export type KeySecrets = { api_key: string; api_secret?: string; additional_config?: Config };

/** The same as it is kept: every secret an envelope of its own, bound to the name of its field. */
export type SealedKey = { api_key: string; api_secret: string | null; additional_config: Config };

export type ClearKey = { key: string; secret?: string; config: Config };

const ENVELOPE = 'dkv1.';

/** `sibling`: another sealed text of that owner, whose data key is used again. */
export async function sealKey(
  keyring: Keyring,
  context: KeyContext,
  { api_key, api_secret, additional_config = {} }: KeySecrets,
  sibling: string | null,
): Promise<SealedKey> {
  const key = await seal(keyring, context, api_key, sibling ?? '');
  const secret = api_secret && (await seal(keyring, { ...context, field: 'api_secret' }, api_secret, key));
  const config = await sealConfig(keyring, context, additional_config, key);
  return { api_key: key, api_secret: secret ?? null, additional_config: config };
}

/** A key's settings: what is known to be no secret, and by its path (`auth/user`) an envelope for each other text. */
export async function sealConfig(
  keyring: Keyring,
  context: KeyContext,
  config: Config,
  sibling: string,
): Promise<Config> {
  const { clear, secret } = splitConfig(config);
  const sealed = Object.entries(secret).map(async ([path, text]) => {
    return [path, await seal(keyring, { ...context, field: `config.${path}` }, text, sibling)] as const;
  });
  return { ...clear, ...Object.fromEntries(await Promise.all(sealed)) };
}

/** In clear again; null where any part of it does not open for this very key. */
export async function openSealed(keyring: Keyring, row: KeyMaterial): Promise<ClearKey | null> {
  const open = async (text: string, field?: string) => {
    const unsealed = await unseal(keyring, { ...contextOf(row), field }, text);
    return unsealed.ok ? unsealed.secret : null;
  };
  const key = row.api_key === null ? null : await open(row.api_key);
  const secret = row.api_secret === null ? undefined : await open(row.api_secret, 'api_secret');
  const config = await eachEnvelope(row.additional_config, (path, text) => open(text, `config.${path}`));
  if (key === null || secret === null || config === null) return null;
  return { key, ...(secret !== undefined && { secret }), config: joinConfig(config.others, config.changed) };
}

export function contextOf(row: Pick<KeyMaterial, 'owner' | 'provider' | 'key_id' | 'version'>): KeyContext {
  return { owner: row.owner, provider: row.provider, keyId: row.key_id, version: row.version };
}

/** The same secrets with their data key under the current key-encryption key; null where one cannot be opened. */
export async function rewrapKey(keyring: Keyring, owner: string, row: Rewrapped): Promise<Rewrapped | null> {
  const again = (text: string) => rewrap(keyring, owner, text);
  const api_key = await again(row.api_key);
  const api_secret = row.api_secret === null ? undefined : await again(row.api_secret);
  const config = await eachEnvelope(row.additional_config, (_path, text) => again(text));
  if (api_key === null || api_secret === null || config === null) return null;
  return { api_key, api_secret: api_secret ?? null, additional_config: config.changed };
}

/** Changes the envelopes of stored settings, and sets the others apart; null as soon as one cannot be changed. */
async function eachEnvelope(config: Config, change: (path: string, text: string) => Promise<string | null>) {
  const changed: Record<string, string> = {};
  const others: Config = {};
  for (const [path, value] of Object.entries(config)) {
    if (typeof value !== 'string' || !value.startsWith(ENVELOPE)) others[path] = value;
    else {
      const text = await change(path, value);
      if (text === null) return null;
      changed[path] = text;
    }
  }
  return { changed, others };
}
