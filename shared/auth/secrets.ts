import { sha256, toHex } from '../signatures/bytes.ts';
import { crc32 } from './crc32.ts';

/** API keys of accounts, and the short-lived tokens that an app may hold. Both are looked up by their SHA-256. */
export type SecretKind = 'api_key' | 'client_token';

const PREFIXES: Record<SecretKind, string> = { api_key: 'dk_live_', client_token: 'dk_client_' };
/** Their order is part of the format: a checksum is a number in these digits. */
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 digits of base 62 carry 256 bits. */
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

const utf8 = new TextEncoder();

/** A new secret: prefix, 43 random base62 digits, and the CRC-32 of all that as 6 more, so that a typo never reaches the database. */
export function mintSecret(kind: SecretKind): string {
  const body = PREFIXES[kind] + randomBase62(RANDOM_LENGTH);
  return body + checksum(body);
}

/** What an invited person is sent. It opens nothing by itself: one must be signed in under the address that was invited. */
export const mintInvitation = () => `dk_invite_${randomBase62(RANDOM_LENGTH)}`;

/** What a text claims to be, judged offline by prefix, alphabet, length and checksum; null for anything else. */
export function secretKind(text: string): SecretKind | null {
  for (const [kind, prefix] of Object.entries(PREFIXES) as [SecretKind, string][]) {
    const body = text.slice(0, -CHECKSUM_LENGTH);
    const digits = text.slice(prefix.length);
    if (!text.startsWith(prefix) || digits.length !== RANDOM_LENGTH + CHECKSUM_LENGTH) continue;
    return /^[0-9A-Za-z]+$/.test(digits) && text.endsWith(checksum(body)) ? kind : null;
  }
  return null;
}

/** Lower hex SHA-256 of a text: how secrets are stored and looked up. */
export const sha256Hex = async (text: string): Promise<string> => toHex(await sha256(text));

export function checksum(body: string): string {
  let rest = crc32(utf8.encode(body));
  let digits = '';
  for (let n = 0; n < CHECKSUM_LENGTH; n++) {
    digits = BASE62[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

function randomBase62(length: number): string {
  let digits = '';
  while (digits.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < 248 && digits.length < length) digits += BASE62[byte % 62]; // 248 = 4 × 62: no digit is likelier
    }
  }
  return digits;
}
