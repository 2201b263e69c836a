import { createLocalJWKSet, decodeJwt, type JWK, jwtVerify, SignJWT } from 'jose';

/** A private ES256 key as `supabase gen signing-key` prints it. */
export type SigningKey = JWK & { kid: string; alg: string };
export type Claims = Record<string, unknown> & { sub?: string; role?: string; exp?: number };

/** The public half, as Supabase Auth serves it. */
export function publicJwks({ d: _private, ...key }: SigningKey): { keys: JWK[] } {
  return { keys: [{ ...key, key_ops: ['verify'] }] };
}

export async function signToken(key: SigningKey, claims: Claims, seconds: number, now = new Date()): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + seconds)
    .sign({ ...key, key_ops: ['sign'] });
}

/** Verifies with the project's key, as PostgREST does: no issuer or audience asked for. Rejects with jose's errors. */
export function createVerifier(key: SigningKey): (token: string) => Promise<Claims> {
  const keySet = createLocalJWKSet(publicJwks(key) as Parameters<typeof createLocalJWKSet>[0]);
  const verified = new Map<string, Claims>();
  return async (token) => {
    const known = verified.get(token);
    if (known !== undefined && (known.exp ?? Infinity) > Date.now() / 1000) return known;
    const { payload } = await jwtVerify(token, keySet, { algorithms: ['ES256'] });
    // Four Workers send the same four tokens with every call; the check costs more than the query.
    if (verified.size > 1000) verified.clear();
    verified.set(token, payload as Claims);
    return payload as Claims;
  };
}

/** Whether a token ends within so many seconds. Its signature is not looked at. */
export function expiresWithin(token: string, seconds: number, now = new Date()): boolean {
  return (decodeJwt(token).exp ?? 0) < now.getTime() / 1000 + seconds;
}
