import { WorkerEntrypoint } from 'cloudflare:workers';
import { createDatabase } from '../../shared/db/client.ts';
import { createKeysDatabase } from '../../shared/db/keys.ts';
import type { OpenResult } from '../../shared/internal/key-vault.ts';
import { createLog } from '../../shared/log/log.ts';
import { loadKeyring } from '../../shared/seal/keyring.ts';
import { createApp } from './app.ts';
import { parseEnv } from './env.ts';
import { openKey } from './open-key.ts';

async function wire(bindings: unknown) {
  const env = parseEnv(bindings);
  const log = createLog({ worker: 'keys' });
  const call = createDatabase({
    url: env.SUPABASE_URL,
    anonKey: env.SUPABASE_ANON_KEY,
    roleToken: env.SUPABASE_ROLE_TOKEN,
    log,
  });
  const db = createKeysDatabase(call);
  const keyring = await loadKeyring({ current: env.KEY_ENCRYPTION_KEY, previous: env.KEY_ENCRYPTION_KEY_PREVIOUS });
  const app = createApp({
    db,
    env,
    log,
    origin: env.PUBLIC_ORIGIN,
    signingSecret: env.INTERNAL_SIGNING_SECRET,
    now: Date.now,
  });
  return { app, open: (attempt: { attempt_id: string; fence: number }) => openKey({ db, keyring, env, log }, attempt) };
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
    return app.fetch(request, bindings as Record<string, unknown>, context);
  },
};

/** What the Worker `worker` is bound to. Nothing here can be reached over HTTP. */
export class KeyVault extends WorkerEntrypoint {
  /** The key of an attempt, under its fence. Rejects where the database cannot be asked. */
  async open(attempt: { attempt_id: string; fence: number }): Promise<OpenResult> {
    return (await worker(this.env)).open(attempt);
  }
}
