import type { Keyring } from '../../shared/seal/keyring.ts';
import { rewrap, type SealContext, seal, unseal } from '../../shared/seal/seal.ts';

/** Whose key it is and which: what every sealed text of it is bound to. */
export type KeyContext = Omit<SealContext, 'field'>;

/** What a caller hands us in clear. */
export type KeySecrets = { api_key: string; api_secret?: string; additional_config?: Record<string, unknown> };

/** The same as it is kept: every secret an envelope of its own, bound to the name of its field. */
export type SealedKey = { api_key: string; api_secret: string | null; additional_config: Record<string, unknown> };

export type ClearKey = { key: string; secret?: string; config: Record<string, unknown> };

/** Fields of the settings that are secrets too. */
const SECRET_FIELD = /(secret|token|password|key)$/i;
const ENVELOPE = 'dkv1.';

/** `sibling`: another sealed text of that owner, whose data key is used again. */
export async function sealKey(
  keyring: Keyring,
  context: KeyContext,
  { api_key, api_secret, additional_config = {} }: KeySecrets,
  sibling?: string,
): Promise<SealedKey> {
  const sealed = await seal(keyring, context, api_key, sibling);
  const put = (field: string, text: string) => seal(keyring, { ...context, field }, text, sealed);
  return {
    api_key: sealed,
    api_secret: api_secret === undefined ? null : await put('api_secret', api_secret),
    additional_config: await eachField(additional_config, async (name, value) =>
      isSecret(name, value) ? put(`config.${name}`, value) : value,
    ),
  };
}

/** In clear again; null where any part of it does not open for this very key. */
export async function openSealed(keyring: Keyring, context: KeyContext, sealed: SealedKey): Promise<ClearKey | null> {
  const open = async (text: string, field?: string) => {
    const unsealed = await unseal(keyring, { ...context, field }, text);
    return unsealed.ok ? unsealed.secret : null;
  };
  const key = await open(sealed.api_key);
  const secret = sealed.api_secret === null ? undefined : await open(sealed.api_secret, 'api_secret');
  const config = await eachField(sealed.additional_config, async (name, value) =>
    isEnvelope(value) ? open(value, `config.${name}`) : value,
  );
  const lost = Object.entries(config).some(
    ([name, value]) => value === null && sealed.additional_config[name] !== null,
  );
  if (key === null || secret === null || lost) return null;
  return { key, ...(secret !== undefined && { secret }), config };
}

/** The same secrets with their data key under the current key-encryption key; null where one cannot be opened. */
export async function rewrapKey(keyring: Keyring, owner: string, sealed: SealedKey): Promise<SealedKey | null> {
  const again = (text: string) => rewrap(keyring, owner, text);
  const api_key = await again(sealed.api_key);
  const api_secret = sealed.api_secret === null ? null : await again(sealed.api_secret);
  const additional_config = await eachField(sealed.additional_config, async (_name, value) =>
    isEnvelope(value) ? again(value) : value,
  );
  const lost = Object.entries(additional_config).some(
    ([name, value]) => value === null && sealed.additional_config[name] !== null,
  );
  if (api_key === null || lost || (api_secret === null && sealed.api_secret !== null)) return null;
  return { api_key, api_secret, additional_config };
}

/** What looks like an envelope is sealed too: in clear it would be taken for one. */
const isSecret = (name: string, value: unknown): value is string =>
  typeof value === 'string' && value !== '' && (SECRET_FIELD.test(name) || isEnvelope(value));

const isEnvelope = (value: unknown): value is string => typeof value === 'string' && value.startsWith(ENVELOPE);

async function eachField(
  config: Record<string, unknown>,
  change: (name: string, value: unknown) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) changed[name] = await change(name, value);
  return changed;
}

/** Settings as they may be shown: of a secret only that there is one. */
export function shownConfig(config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, isEnvelope(value) ? '(sealed)' : value]),
  );
}
