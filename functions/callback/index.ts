import { createUserVerifier } from '../../shared/auth/verify-user.ts';
import { createCallbackDatabase } from '../../shared/db/callback.ts';
import { createDatabase } from '../../shared/db/client.ts';
import { createLog } from '../../shared/log/log.ts';
import { createWake } from '../../shared/qstash/wake.ts';
import { createApp } from './app.ts';
import type { CallbackDeps } from './deps.ts';
import { parseEnv } from './env.ts';
import { runSweep } from './sweep.ts';

function wire(bindings: unknown) {
  const env = parseEnv(bindings);
  const log = createLog({ worker: 'callback' });
  const call = createDatabase({
    url: env.SUPABASE_URL,
    anonKey: env.SUPABASE_ANON_KEY,
    roleToken: env.SUPABASE_ROLE_TOKEN,
    timeoutMs: 15_000,
    log,
  });
  const deps: CallbackDeps = {
    db: createCallbackDatabase(call),
    wake: createWake({ url: env.QSTASH_URL, token: env.QSTASH_TOKEN, origin: env.PUBLIC_ORIGIN, log }),
    verifyUser: createUserVerifier(env),
    fetch: (input, init) => fetch(input, init),
    log,
    now: Date.now,
    origin: env.PUBLIC_ORIGIN,
    allowedOrigins: env.ALLOWED_ORIGINS,
    signingSecret: env.INTERNAL_SIGNING_SECRET,
    webhookMaster: env.WEBHOOK_SIGNING_KEY,
    localOrigins: env.LOCAL_ORIGINS,
  };
  return { app: createApp(deps), sweep: () => runSweep(deps) };
}

/** Bindings do not change while an isolate lives. */
let wired: ReturnType<typeof wire> | undefined;
const worker = (bindings: unknown) => {
  wired ??= wire(bindings);
  return wired;
};

export default {
  fetch(request: Request, bindings: unknown, context: ExecutionContext) {
    return worker(bindings).app.fetch(request, bindings as Record<string, unknown>, context);
  },
  async scheduled(_event: ScheduledController, bindings: unknown) {
    await worker(bindings).sweep();
  },
};
