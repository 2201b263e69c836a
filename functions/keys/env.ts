import { database, filled, list, origin, parseWith, publicApi, signingSecret } from '../../shared/env/fields.ts';
import type { Of } from '../../shared/schema/build.ts';
import * as z from '../../shared/schema/zod.ts';

/** The providers' keys themselves stand beside these, under the names that `shared/env/provider-variables.ts` lists. */
const Env = () =>
  z.looseObject({
    ...database(),
    ...publicApi(),
    /** Locally: private origins that custom endpoints may have. */
    LOCAL_ORIGINS: list(),
    INTERNAL_SIGNING_SECRET: signingSecret(),
    /** 32 bytes in base64. The previous one stays until the rotation has rewrapped everything. */
    KEY_ENCRYPTION_KEY: filled(),
    KEY_ENCRYPTION_KEY_PREVIOUS: z.optional(z.string()),
    /** A database of its own for sealed keys, if there is one. */
    WORKER_1_URL: z.optional(z.union([origin(), z.literal('')])),
    WORKER_1_SERVICE_ROLE_KEY: z.optional(z.string()),
  });
export type Env = Of<typeof Env>;

/** The guard's exceptions exist locally only, whatever a deployed environment says. */
export function parseEnv(raw: unknown): Env {
  const env = parseWith(Env(), raw);
  return { ...env, LOCAL_ORIGINS: env.ENVIRONMENT === 'local' ? env.LOCAL_ORIGINS : [] };
}
