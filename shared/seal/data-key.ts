import { decrypt, encrypt } from './aead.ts';
import { type Envelope, parseEnvelope } from './envelope.ts';
import { importAesKey, type Keyring, kekById } from './keyring.ts';

/** A data key as it travels: wrapped for one owner under one key-encryption key. */
export type WrappedKey = Pick<Envelope, 'kekId' | 'wrappedKey'>;

/** A fresh data key for an owner, wrapped under the current key-encryption key. */
export async function createDataKey(keyring: Keyring, owner: string): Promise<WrappedKey & { key: CryptoKey }> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return { ...(await wrap(keyring, owner, bytes)), key: await importAesKey(bytes) };
}

/** The data key of another sealed text of the same owner, so that an owner needs only one; null if that cannot be had. */
export async function dataKeyOf(keyring: Keyring, owner: string, text: string) {
  const envelope = parseEnvelope(text);
  const bytes = envelope && (await unwrap(keyring, owner, envelope));
  return bytes ? { ...(await wrap(keyring, owner, bytes)), key: await importAesKey(bytes) } : null;
}

export async function unwrap(keyring: Keyring, owner: string, wrapped: WrappedKey): Promise<Uint8Array | null> {
  const kek = kekById(keyring, wrapped.kekId);
  return kek && decrypt(kek.key, label(owner, kek.id), wrapped.wrappedKey);
}

export async function wrap({ current }: Keyring, owner: string, bytes: Uint8Array): Promise<WrappedKey> {
  return { kekId: current.id, wrappedKey: await encrypt(current.key, label(owner, current.id), bytes) };
}

/** A data key opens for its owner only, and only under the key-encryption key that the text names. */
const label = (owner: string, kekId: string) => `dek|${owner}|${kekId}`;
