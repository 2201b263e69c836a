import { once } from '../../shared/async/once.ts';
import { createUserVerifier } from '../../shared/auth/verify-user.ts';
import { createDatabase } from '../../shared/db/client.ts';
import { createSubmitDatabase } from '../../shared/db/submit.ts';
import { createLog, type Log } from '../../shared/log/log.ts';
import { createWake } from '../../shared/qstash/wake.ts';
import { createApp } from './app.ts';
import type { Deps } from './deps.ts';
import { type Env, localOrigins, parseEnv } from './env.ts';
import { createJobSnapshots } from './http/job-snapshots.ts';
import { createRedis } from './http/redis.ts';

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
    ...redisOf(env, log, now),
    asset: async (path) => (await env.ASSETS?.fetch(env.PUBLIC_ORIGIN + path)) ?? new Response(null, { status: 404 }),
    log,
    now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    settings: { origin: env.PUBLIC_ORIGIN, allowedOrigins: env.ALLOWED_ORIGINS, ...localOrigins(env) },
  };
}

/** Only reads are counted: what counts them is evaluated with the first of them. */
function redisOf(env: Env, log: Log, now: () => number): Pick<Deps, 'readLimits' | 'snapshots'> {
  const redis = createRedis({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN });
  const limits = once(async () => (await import('./http/read-limits.ts')).createReadLimits({ redis, log, now }));
  return {
    readLimits: async (subject) => (await limits())(subject),
    snapshots: createJobSnapshots({ redis, log }),
  };
}
