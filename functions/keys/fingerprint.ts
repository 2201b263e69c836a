import { sha256, toHex } from '../../shared/signatures/bytes.ts';

/**
 * Tells keys apart without saying anything about them: the first 16 hex digits of the key's SHA-256. Keys are random and long, so a
 * hash gives nothing away; and it stays the same whatever happens to our own secrets.
 */
export const fingerprint = async (key: string) => toHex(await sha256(key)).slice(0, 16);

/** The last four characters; none of a short key, of which they would be too much. */
export const last4 = (key: string) => (key.length >= 12 ? key.slice(-4) : '');
