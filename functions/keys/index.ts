import { WorkerEntrypoint } from 'cloudflare:workers';
import { once } from '../../shared/async/once.ts';
import { createUserVerifier } from '../../shared/auth/verify-user.ts';
import { createDatabase } from '../../shared/db/client.ts';
import { sealedStoreCalls } from '../../shared/db/key-service/sealed-store.ts';
import { createKeyServiceDatabase } from '../../shared/db/key-service.ts';
import type { OpenResult } from '../../shared/internal/key-vault.ts';
import { createLog, type Log } from '../../shared/log/log.ts';
import { loadKeyring } from '../../shared/seal/keyring.ts';
import type { KeysDeps } from './deps.ts';
import { type Env, parseEnv } from './env.ts';
import type { KeyStores } from './key-store.ts';
import { openKey } from './open-key.ts';

/** Most starts are for the vault: what answers HTTP, its schemas and the sweep are evaluated when they are first needed. */
async function wire(bindings: unknown) {
  const deps = await depsOf(parseEnv(bindings));
  return {
    app: once(async () => (await import('./app.ts')).createApp(deps)),
    sweep: async () => (await import('./sweep.ts')).runSweep(deps),
    open: (attempt: { attempt_id: string; fence: number }) => openKey(deps, attempt),
  };
}

async function depsOf(env: Env): Promise<KeysDeps> {
  const log = createLog({ worker: 'keys' });
  return {
    ...storesOf(env, log),
    keyring: await loadKeyring({ current: env.KEY_ENCRYPTION_KEY, previous: env.KEY_ENCRYPTION_KEY_PREVIOUS }),
    env,
    verifyUser: createUserVerifier(env),
    fetch: (input, init) => fetch(input, init),
    log,
    now: Date.now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    origin: env.PUBLIC_ORIGIN,
    allowedOrigins: env.ALLOWED_ORIGINS,
    localOrigins: env.LOCAL_ORIGINS,
    signingSecret: env.INTERNAL_SIGNING_SECRET,
  };
}

function storesOf(env: Env, log: Log): KeyStores {
  const { SUPABASE_URL: url, SUPABASE_ANON_KEY: anonKey, SUPABASE_ROLE_TOKEN: roleToken } = env;
  const db = createKeyServiceDatabase(createDatabase({ url, anonKey, roleToken, log }));
  const { WORKER_1_URL: ownUrl, WORKER_1_SERVICE_ROLE_KEY: ownKey } = env;
  if (!ownUrl || !ownKey) return { db };
  return { db, sealed: sealedStoreCalls(createDatabase({ url: ownUrl, anonKey: ownKey, roleToken: ownKey, log })) };
}

/** Bindings do not change while an isolate lives. */
let wired: ReturnType<typeof wire> | undefined;
const worker = (bindings: unknown) => {
  wired ??= wire(bindings);
  return wired;
};

export default {
  async fetch(request: Request, bindings: unknown, context: ExecutionContext) {
    const { app } = await worker(bindings);
    return (await app()).fetch(request, bindings as Record<string, unknown>, context);
  },
  async scheduled(_event: ScheduledController, bindings: unknown) {
    await (await worker(bindings)).sweep();
  },
};

/** What the Worker `worker` is bound to. Nothing here can be reached over HTTP. */
export class KeyVault extends WorkerEntrypoint {
  /** The key of an attempt, under its fence. Rejects where the database cannot be asked. */
  async open(attempt: { attempt_id: string; fence: number }): Promise<OpenResult> {
    return (await worker(this.env)).open(attempt);
  }
}
