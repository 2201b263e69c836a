import { Redis } from '@upstash/redis/cloudflare';
import { createUserVerifier } from '../../shared/auth/verify-user.ts';
import { createDatabase } from '../../shared/db/client.ts';
import { createSubmitDatabase } from '../../shared/db/submit.ts';
import { createLog } from '../../shared/log/log.ts';
import { createWake } from '../../shared/qstash/wake.ts';
import { createApp } from './app.ts';
import type { Deps } from './deps.ts';
import { type Env, localOrigins, parseEnv } from './env.ts';
import { createJobSnapshots } from './http/job-snapshots.ts';
import { createReadLimits } from './http/read-limits.ts';

const REDIS_TIMEOUT_MS = 300;

let app: ReturnType<typeof createApp> | undefined;

/** The Worker `submit`: parses its environment once per isolate, then serves. */
export default {
  fetch(request: Request, env: unknown, context: ExecutionContext): Response | Promise<Response> {
    app ??= createApp(depsOf(parseEnv(env)));
    return app.fetch(request, env as object, context);
  },
};

function depsOf(env: Env): Deps {
  const log = createLog({ worker: 'submit' });
  const now = Date.now;
  const redis = createRedis(env);
  return {
    db: createSubmitDatabase(
      createDatabase({
        url: env.SUPABASE_URL,
        anonKey: env.SUPABASE_ANON_KEY,
        roleToken: env.SUPABASE_ROLE_TOKEN,
        log,
      }),
    ),
    wake: createWake({ url: env.QSTASH_URL, token: env.QSTASH_TOKEN, origin: env.PUBLIC_ORIGIN, log }),
    verifyUser: createUserVerifier(env, now),
    readLimits: createReadLimits({ redis, log, now }),
    snapshots: createJobSnapshots({ redis, log }),
    asset: async (path) => (await env.ASSETS?.fetch(env.PUBLIC_ORIGIN + path)) ?? new Response(null, { status: 404 }),
    log,
    now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    settings: { origin: env.PUBLIC_ORIGIN, allowedOrigins: env.ALLOWED_ORIGINS, ...localOrigins(env) },
  };
}

/** Redis only ever helps: one try, and never longer than a reader would notice. */
function createRedis(env: Env): Redis {
  return new Redis({
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
    retry: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    signal: () => AbortSignal.timeout(REDIS_TIMEOUT_MS),
  });
}
