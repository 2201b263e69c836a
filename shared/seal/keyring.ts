import { fromBase64, sha256, toHex } from '../signatures/bytes.ts';

/** A key-encryption key; `id` is what sealed texts name it by: the first 8 hex digits of the SHA-256 of its bytes. */
export type KeyEncryptionKey = { id: string; key: CryptoKey };

/** What seals now, and what it replaced: the previous one only opens, until everything is wrapped anew. */
export type Keyring = { current: KeyEncryptionKey; previous?: KeyEncryptionKey };

type KeyringOptions = {
  /** 32 bytes in base64. */
  current: string;
  previous?: string;
};

/** Throws for a key that is not exactly 32 bytes of canonical base64: nothing may be sealed under a typo. */
export async function loadKeyring({ current, previous }: KeyringOptions): Promise<Keyring> {
  const keyring: Keyring = { current: await importKek(current) };
  if (previous) keyring.previous = await importKek(previous);
  return keyring;
}

export function kekById({ current, previous }: Keyring, id: string): KeyEncryptionKey | null {
  return [current, previous].find((kek) => kek?.id === id) ?? null;
}

async function importKek(text: string): Promise<KeyEncryptionKey> {
  const bytes = fromBase64(text);
  if (bytes?.length !== 32) throw new Error('A key-encryption key must be 32 bytes in base64.');
  return { id: toHex(await sha256(bytes)).slice(0, 8), key: await importAesKey(bytes) };
}

export function importAesKey(bytes: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}
