import { database, filled, list, origin, parseWith, publicApi, signingSecret } from '../../shared/env/fields.ts';
import * as z from '../../shared/schema/zod.ts';

const Env = () =>
  z.object({
    ...database(),
    ...publicApi(),
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
