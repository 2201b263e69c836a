import { fromBase64Url, toBase64Url } from '../signatures/bytes.ts';
import { OVERHEAD_BYTES } from './aead.ts';

/** A sealed secret taken apart: which key-encryption key wraps the data key, that wrapped key, and the secret under it. */
export type Envelope = { kekId: string; wrappedKey: Uint8Array; sealed: Uint8Array };

const VERSION = 'dkv1';
const DATA_KEY_BYTES = 32;
/** A provider's key is some hundred bytes; a service account's JSON a few thousand. */
export const MAX_SECRET_BYTES = 16_384;

const SHAPE = new RegExp(`^${VERSION}\\.([0-9a-f]{8})\\.([\\w-]+)\\.([\\w-]+)$`);

/** `dkv1.{kek id}.{wrapped data key}.{sealed secret}`, both as base64url. */
export function formatEnvelope({ kekId, wrappedKey, sealed }: Envelope): string {
  return [VERSION, kekId, toBase64Url(wrappedKey), toBase64Url(sealed)].join('.');
}

/** Null for anything that `formatEnvelope` would not have written, byte for byte. */
export function parseEnvelope(text: string): Envelope | null {
  const [, kekId, wrapped, box] = SHAPE.exec(text) ?? [];
  const wrappedKey = fromBase64Url(wrapped ?? '');
  const sealed = fromBase64Url(box ?? '');
  if (!kekId || wrappedKey?.length !== DATA_KEY_BYTES + OVERHEAD_BYTES || !sealed) return null;
  const secretBytes = sealed.length - OVERHEAD_BYTES;
  return secretBytes > 0 && secretBytes <= MAX_SECRET_BYTES ? { kekId, wrappedKey, sealed } : null;
}
