import { createAuthAsker } from './ask-auth.ts';
import { createJwtVerifier, remoteKeys, type VerifyUser } from './jwt.ts';

type AuthEnv = {
  SUPABASE_URL: string;
  SUPABASE_ANON_KEY: string;
  SUPABASE_JWT_ISSUER: string;
  /** Empty for a project that still signs with a shared secret. */
  SUPABASE_JWKS_URL: string;
};

/** The way users' tokens are checked in this environment. */
export function createUserVerifier(env: AuthEnv, now: () => number = Date.now): VerifyUser {
  if (!env.SUPABASE_JWKS_URL) return createAuthAsker({ supabaseUrl: env.SUPABASE_URL, anonKey: env.SUPABASE_ANON_KEY });
  return createJwtVerifier({ issuer: env.SUPABASE_JWT_ISSUER, keys: remoteKeys(env.SUPABASE_JWKS_URL), now });
}
