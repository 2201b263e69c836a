import { database, filled, list, origin, parseWith, publicApi } from '../../shared/env/fields.ts';
import type { Of } from '../../shared/schema/build.ts';
import * as z from '../../shared/schema/zod.ts';

/** Static files deployed beside the Worker. */
const Assets = () =>
  z.custom<Pick<Fetcher, 'fetch'>>((value) => typeof (value as Fetcher | null)?.fetch === 'function');

/** What this Worker is given. Origins carry no slash at their end. */
export const Env = () =>
  z.object({
    ...database(),
    ...publicApi(),
    /** Locally only: the emulators, whose media may be inputs, and the inbox, where webhooks may go. */
    LOCAL_ORIGINS: list(),
    /** Narrows the above for webhooks. */
    LOCAL_WEBHOOK_ORIGINS: list(),
    QSTASH_URL: origin(),
    QSTASH_TOKEN: filled(),
    UPSTASH_REDIS_REST_URL: origin(),
    UPSTASH_REDIS_REST_TOKEN: filled(),
    ASSETS: z.optional(Assets()),
  });
export type Env = Of<typeof Env>;

export const parseEnv = (raw: unknown): Env => parseWith(Env(), raw);

/** What the guard of URLs lets through: nothing in production, whatever the variables say. */
export function localOrigins({ ENVIRONMENT, LOCAL_ORIGINS, LOCAL_WEBHOOK_ORIGINS }: Env) {
  if (ENVIRONMENT !== 'local') return { localMediaOrigins: [], localWebhookOrigins: [] };
  const webhooks = LOCAL_WEBHOOK_ORIGINS.length > 0 ? LOCAL_WEBHOOK_ORIGINS : LOCAL_ORIGINS;
  return { localMediaOrigins: LOCAL_ORIGINS, localWebhookOrigins: webhooks };
}
