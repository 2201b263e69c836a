import { fromBase64Url, hmacKey, toBase64Url, toBytes } from './bytes.ts';
import { requireSecret } from './secret.ts';

export type HookTokenParts = { attemptId: string; keyId: string; version: number };

/**
 * The unguessable last segment of an attempt's hook URL: `{key id}.{key version}.{base64url HMAC-SHA256}`.
 * It names the provider key whose webhook secret applies, and is checked without the database.
 * Throws a TypeError on ids that would make the signed text ambiguous, and on a bad secret.
 */
export async function hookToken({ secret, ...parts }: HookTokenParts & { secret: string }): Promise<string> {
  const content = signedText(parts);
  if (content === null) throw new TypeError('a hook token needs plain ids and a whole version');
  const mac = await crypto.subtle.sign('HMAC', await hmacKey(requireSecret(secret)), toBytes(content));
  return `${parts.keyId}.${parts.version}.${toBase64Url(new Uint8Array(mac))}`;
}

/** What a hook token says if it was made for this attempt, else null. `secrets`: the current one, then the previous. */
export async function verifyHookToken({
  token,
  attemptId,
  secrets,
}: {
  token: string;
  attemptId: string;
  secrets: readonly string[];
}): Promise<{ keyId: string; version: number } | null> {
  const [keyId = '', version = '', mac = '', ...rest] = token.split('.');
  if (rest.length > 0 || !/^(0|[1-9]\d{0,8})$/.test(version)) return null;
  const signature = fromBase64Url(mac);
  const content = signedText({ attemptId, keyId, version: Number(version) });
  if (signature?.length !== 32 || content === null) return null;
  for (const secret of secrets) {
    const key = await hmacKey(requireSecret(secret));
    const valid = await crypto.subtle.verify('HMAC', key, signature, toBytes(content));
    if (valid) return { keyId, version: Number(version) };
  }
  return null;
}

function signedText({ attemptId, keyId, version }: HookTokenParts): string | null {
  const plain = /^[A-Za-z0-9_]{1,64}$/;
  if (!plain.test(attemptId) || !plain.test(keyId) || !Number.isSafeInteger(version) || version < 0) return null;
  return `hook|${attemptId}|${keyId}|${version}`;
}
