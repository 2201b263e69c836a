import { database, filled, list, origin, parseWith, signingSecret } from '../../shared/env/fields.ts';
import type { KeyVault } from '../../shared/internal/key-vault.ts';
import type { Of } from '../../shared/schema/build.ts';
import * as z from '../../shared/schema/zod.ts';

const Env = () =>
  z.looseObject({
    ...database(),
    PUBLIC_ORIGIN: origin(),
    ENVIRONMENT: z.enum(['local', 'production']),
    QSTASH_URL: origin(),
    QSTASH_TOKEN: filled(),
    QSTASH_CURRENT_SIGNING_KEY: filled(),
    QSTASH_NEXT_SIGNING_KEY: filled(),
    INTERNAL_SIGNING_SECRET: signingSecret(),
    CLOUDINARY_CLOUD_NAME: filled(),
    CLOUDINARY_API_KEY: filled(),
    CLOUDINARY_API_SECRET: filled(),
    CLOUDINARY_ENDPOINT: z.optional(origin()),
    FAL_JWKS_URL: z.optional(z.url()),
    /** Locally: the emulators' origins, from which outputs may come too. */
    OUTPUT_ORIGINS: list(),
    /** Off where providers cannot reach us; polling then does the work. */
    HOOKS: z._default(z.enum(['on', 'off']), 'on'),
    KEYS: z.custom<KeyVault>((binding) => binding !== undefined && binding !== null),
  });
export type Env = Of<typeof Env>;

/** Exceptions for emulators exist locally only, whatever a deployed environment says. */
export function parseEnv(raw: unknown): Env {
  const env = parseWith(Env(), raw);
  return { ...env, OUTPUT_ORIGINS: env.ENVIRONMENT === 'local' ? env.OUTPUT_ORIGINS : [] };
}
