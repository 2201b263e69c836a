import { ok, type Result, refused } from '../errors/result.ts';
import type { User, VerifyUser } from './jwt.ts';

type AskOptions = { supabaseUrl: string; anonKey: string; fetch?: typeof fetch };

const TIMEOUT_MS = 3_000;

/** For projects that sign with a shared secret, which no Worker holds: Supabase Auth is asked whose token it is. */
export function createAuthAsker({ supabaseUrl, anonKey, fetch: ask = fetch }: AskOptions): VerifyUser {
  return async function askAuth(token) {
    try {
      const response = await ask(`${supabaseUrl}/auth/v1/user`, {
        headers: { apikey: anonKey, authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status >= 500) return refused('unavailable', { ambiguous: false });
      return response.ok ? userOf(await response.json()) : refused('unauthenticated');
    } catch {
      return refused('unavailable', { ambiguous: false });
    }
  };
}

function userOf(body: unknown): Result<User> {
  const { id, email } = (body ?? {}) as { id?: unknown; email?: unknown };
  if (typeof id !== 'string') return refused('unauthenticated');
  return ok({ user_id: id, ...(typeof email === 'string' && email !== '' && { email }) });
}
