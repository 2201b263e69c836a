import { database, filled, list, origin, parseWith, signingSecret } from '../../shared/env/fields.ts';
import * as z from '../../shared/schema/zod.ts';

const Env = () =>
  z.object({
    ...database(),
    SUPABASE_JWT_ISSUER: filled(),
    /** Empty for a project that still signs users' tokens with a shared secret. */
    SUPABASE_JWKS_URL: z._default(z.union([z.url(), z.literal('')]), ''),
    PUBLIC_ORIGIN: origin(),
    ENVIRONMENT: z.enum(['local', 'production']),
    /** Browser origins that may call the API. */
    ALLOWED_ORIGINS: list(),
    /** Locally: private origins that webhooks may go to. */
    LOCAL_ORIGINS: list(),
    QSTASH_URL: origin(),
    QSTASH_TOKEN: filled(),
    INTERNAL_SIGNING_SECRET: signingSecret(),
    /** The master that accounts' webhook secrets are derived from. */
    WEBHOOK_SIGNING_KEY: signingSecret(),
  });

/** The guard's exceptions exist locally only, whatever a deployed environment says. */
export function parseEnv(raw: unknown) {
  const env = parseWith(Env(), raw);
  return { ...env, LOCAL_ORIGINS: env.ENVIRONMENT === 'local' ? env.LOCAL_ORIGINS : [] };
}
