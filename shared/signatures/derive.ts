import { toBytes } from './bytes.ts';
import { encodeSecret, requireSecret } from './secret.ts';

/**
 * A partner's webhook secret, derived from the master key so that no copy of it is stored:
 * `whsec_` + base64(HKDF-SHA256(master, `webhook|account|version`)), 32 bytes.
 * A higher version is a new secret; the old one can still be derived while both are valid.
 * Throws a TypeError on a bad master key, account id or version.
 */
export async function deriveWebhookSecret({
  master,
  accountId,
  version,
}: {
  master: string;
  accountId: string;
  version: number;
}): Promise<string> {
  if (!/^[A-Za-z0-9_]{1,64}$/.test(accountId)) throw new TypeError('not an account id');
  if (!Number.isSafeInteger(version) || version < 0) throw new TypeError('a secret version is a whole number');
  const key = await crypto.subtle.importKey('raw', requireSecret(master), 'HKDF', false, ['deriveBits']);
  const info = toBytes(`webhook|${accountId}|${version}`);
  const params = { name: 'HKDF', hash: 'SHA-256', salt: toBytes('darkroom webhook secrets'), info };
  return encodeSecret(new Uint8Array(await crypto.subtle.deriveBits(params, key, 256)));
}
