import { once } from '../async/once.ts';
import * as z from '../schema/zod.ts';

/** A text that must be there. */
export const filled = once(() => z.string().check(z.minLength(1)));

/** An origin, with or without a base path; without a slash at its end. */
export const origin = once(() =>
  z.pipe(
    z.url(),
    z.transform((url) => url.replace(/\/+$/, '')),
  ),
);

/** Texts separated by commas; none by default. */
export const list = once(() =>
  z.pipe(
    z._default(z.string(), ''),
    z.transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    ),
  ),
);

/** `whsec_…` */
export const signingSecret = once(() => z.string().check(z.startsWith('whsec_')));

/** What each Worker has of the database: its own role and nothing else. */
export const database = () => ({
  SUPABASE_URL: origin(),
  SUPABASE_ANON_KEY: filled(),
  SUPABASE_ROLE_TOKEN: filled(),
});

/** What a Worker that clients talk to has besides. */
export const publicApi = () => ({
  SUPABASE_JWT_ISSUER: filled(),
  /** Empty for a project that still signs users' tokens with a shared secret. */
  SUPABASE_JWKS_URL: z._default(z.union([z.url(), z.literal('')]), ''),
  PUBLIC_ORIGIN: origin(),
  ENVIRONMENT: z.enum(['local', 'production']),
  /** Browser origins that may call the API. */
  ALLOWED_ORIGINS: list(),
});

/** Parses an environment; throws with the names of what is missing or wrong, never with values. */
export function parseWith<S extends z.ZodMiniType>(schema: S, raw: unknown): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new Error(`Environment: ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}`);
}
