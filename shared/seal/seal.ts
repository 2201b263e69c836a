import { decrypt, encrypt } from './aead.ts';
import { createDataKey, dataKeyOf, unwrap, wrap } from './data-key.ts';
import { formatEnvelope, MAX_SECRET_BYTES, parseEnvelope } from './envelope.ts';
import { importAesKey, type Keyring, kekById } from './keyring.ts';

/** What a sealed secret belongs to. It opens for exactly this and nothing else, so rows cannot be swapped or relabelled. */
export type SealContext = {
  /** Whose key it is, e.g. `user:acct_…` or `platform`. */
  owner: string;
  provider: string;
  keyId: string;
  version: number;
  /** A row has more than one sealed value; all but its key are labelled, or they could be swapped. */
  field?: string;
};

export type Unsealed = { ok: true; secret: string } | { ok: false; reason: 'malformed' | 'unknown_kek' | 'tampered' };

/**
 * Seals a provider's secret (1 to 16,384 bytes of UTF-8) with AES-256-GCM under a data key of its owner, which the text carries
 * wrapped under the current key-encryption key. `sibling` is another sealed text of that owner whose data key is used again.
 */
export async function seal(keyring: Keyring, context: SealContext, secret: string, sibling = ''): Promise<string> {
  const data = new TextEncoder().encode(secret);
  if (data.length === 0 || data.length > MAX_SECRET_BYTES || !secret.isWellFormed()) {
    throw new Error('A secret must be 1 to 16,384 bytes of text.');
  }
  const contextLabel = label(context);
  const dataKey = (await dataKeyOf(keyring, context.owner, sibling)) ?? (await createDataKey(keyring, context.owner));
  return formatEnvelope({ ...dataKey, sealed: await encrypt(dataKey.key, contextLabel, data) });
}

/** Opens what `seal` made, for the same context. `unknown_kek`: sealed under a key that this Worker no longer has. */
export async function unseal(keyring: Keyring, context: SealContext, text: string): Promise<Unsealed> {
  const envelope = parseEnvelope(text);
  if (!envelope) return { ok: false, reason: 'malformed' };
  if (!kekById(keyring, envelope.kekId)) return { ok: false, reason: 'unknown_kek' };
  const contextLabel = label(context);
  const dataKey = await unwrap(keyring, context.owner, envelope);
  const data = dataKey && (await decrypt(await importAesKey(dataKey), contextLabel, envelope.sealed));
  return data ? { ok: true, secret: new TextDecoder().decode(data) } : { ok: false, reason: 'tampered' };
}

/**
 * The same secret with its data key wrapped under the current key-encryption key: what rotation writes back. The secret itself is not
 * opened. A text that is already there comes back unchanged; null for one that does not open.
 */
export async function rewrap(keyring: Keyring, owner: string, text: string): Promise<string | null> {
  const envelope = parseEnvelope(text);
  const dataKey = envelope && (await unwrap(keyring, owner, envelope));
  if (!envelope || !dataKey) return null;
  if (envelope.kekId === keyring.current.id) return text;
  return formatEnvelope({ sealed: envelope.sealed, ...(await wrap(keyring, owner, dataKey)) });
}

/** The parts are joined by a bar, so none may hold one: otherwise two contexts could share a label. */
function label({ owner, provider, keyId, version, field }: SealContext): string {
  const parts = [owner, provider, keyId, String(version), ...(field ? [field] : [])];
  if (!Number.isSafeInteger(version) || parts.some((part) => part === '' || part.includes('|'))) {
    throw new Error('A seal needs an owner, a provider, a key id and a version, without bars.');
  }
  return parts.join('|');
}
