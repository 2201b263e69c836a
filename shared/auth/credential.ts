import { ok, type Result, refused } from '../errors/result.ts';
import type { VerifyUser } from './jwt.ts';
import { secretKind, sha256Hex } from './secrets.ts';

/** Who is calling, as the SQL functions take it. Nothing of the secret itself is in it. */
export type Credential =
  | { kind: 'api_key'; hash: string }
  | { kind: 'client_token'; hash: string }
  | { kind: 'jwt'; user_id: string; email?: string };

/** Longer than any key or token of ours; a Supabase token with large metadata stays below. */
const MAX_SECRET_LENGTH = 8_192;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * The credential of a request: `x-api-key: <API key or client token>`, or `Authorization: Bearer <either of them or a user's JWT>`.
 * Keys are checked offline by their checksum, tokens by `verifyUser`; whether a key exists is the database's to say.
 * Two different secrets in one request are refused: nobody should have to guess which one counts.
 */
export async function credentialOf(headers: Headers, verifyUser: VerifyUser): Promise<Result<Credential>> {
  const key = headers.get('x-api-key')?.trim() || undefined;
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get('authorization')?.trim() ?? '')?.[1];
  if (key !== undefined && bearer !== undefined && key !== bearer) {
    return refused('unauthenticated', { detail: 'The request carries two different credentials; send one.' });
  }
  return credentialFrom(key ?? bearer ?? '', key === undefined, verifyUser);
}

async function credentialFrom(secret: string, mayBeJwt: boolean, verifyUser: VerifyUser): Promise<Result<Credential>> {
  if (secret.length > MAX_SECRET_LENGTH) return refused('unauthenticated');
  const kind = secretKind(secret);
  if (kind) return ok({ kind, hash: await sha256Hex(secret) });
  if (!mayBeJwt || !JWT.test(secret)) return refused('unauthenticated');
  const user = await verifyUser(secret);
  return user.ok ? ok({ kind: 'jwt', ...user.value }) : user;
}

/** A stable name of the caller for limits and caches; says nothing about the secret. */
export function subjectOf(credential: Credential): string {
  return credential.kind === 'jwt' ? `user:${credential.user_id}` : credential.hash;
}
