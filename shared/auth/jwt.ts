import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { ok, type Result, refused } from '../errors/result.ts';

export type User = { user_id: string; email?: string };

/** Checks a user's token: `unauthenticated` for a bad one, `unavailable` where the keys cannot be had right now. */
export type VerifyUser = (token: string) => Promise<Result<User>>;

/** Asymmetric only: with a shared secret whoever can check a token could also make one. */
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'];
const AUDIENCE = 'authenticated';
const CLOCK_TOLERANCE_SECONDS = 5;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The project's public keys, cached for 10 minutes and fetched at most every 30 s, so that unknown key ids cannot flood it. */
export function remoteKeys(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), { timeoutDuration: 3_000, cooldownDuration: 30_000, cacheMaxAge: 600_000 });
}

type VerifierOptions = {
  issuer: string;
  keys: JWTVerifyGetKey;
  /** Milliseconds. */
  now: () => number;
};

/** Supabase user tokens against the project's JWKS: issuer, audience, algorithm and expiry are all required. */
export function createJwtVerifier({ issuer, keys, now }: VerifierOptions): VerifyUser {
  return async function verifyJwt(token) {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: AUDIENCE,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(now()),
      });
      return userOf(payload);
    } catch (error) {
      return isTransport(error) ? refused('unavailable', { ambiguous: false }) : refused('unauthenticated');
    }
  };
}

function userOf({ sub, role, email }: JWTPayload): Result<User> {
  if (typeof sub !== 'string' || !UUID.test(sub) || role !== AUDIENCE) return refused('unauthenticated');
  return ok({ user_id: sub, ...(typeof email === 'string' && email !== '' && { email }) });
}

/** jose throws its own errors for bad tokens; a timeout, a refused connection or a 5xx of the key server is nobody's token. */
function isTransport(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout) return true;
  if (!(error instanceof errors.JOSEError)) return true;
  return error.code === 'ERR_JOSE_GENERIC';
}
