import { createCloudinary } from '../../shared/cloudinary/cloudinary.ts';
import { createDatabase } from '../../shared/db/client.ts';
import { createWorkerDatabase } from '../../shared/db/worker.ts';
import { endpointOf } from '../../shared/env/provider-variables.ts';
import { createPostSigned } from '../../shared/internal/post-signed.ts';
import { createLog } from '../../shared/log/log.ts';
import { createFalKeys } from '../../shared/providers/fal-hook.ts';
import { findProvider } from '../../shared/providers/registry.ts';
import type { Fetch, PublicKeys } from '../../shared/providers/types.ts';
import { createWake } from '../../shared/qstash/wake.ts';
import { createApp } from './app.ts';
import { catalogueInput, catalogueKind, catalogueSuggestions } from './catalogue.ts';
import type { WorkerDeps } from './deps.ts';
import { type Env, parseEnv } from './env.ts';
import { createStoreAsset } from './store-asset.ts';
import { runSweep } from './sweep.ts';

/** Not the global itself: as a method of anything else it refuses to work. */
const send: Fetch = (input, init) => fetch(input, init);
const now = Date.now;

function wire(bindings: unknown) {
  const env = parseEnv(bindings);
  const deps = depsOf(env);
  return { app: createApp(deps), sweep: () => runSweep(deps) };
}

function depsOf(env: Env): WorkerDeps {
  const log = createLog({ worker: 'worker' });
  const secret = env.INTERNAL_SIGNING_SECRET;
  return {
    db: databaseOf(env, log),
    keys: env.KEYS,
    adapter: adaptersOf(env),
    providerInput: catalogueInput,
    suggestions: catalogueSuggestions,
    kindOf: catalogueKind,
    ...storageOf(env),
    wake: createWake({ url: env.QSTASH_URL, token: env.QSTASH_TOKEN, origin: env.PUBLIC_ORIGIN, log }),
    post: createPostSigned({ origin: env.PUBLIC_ORIGIN, secret, now, fetch: send }),
    fetch: send,
    log,
    now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    origin: env.PUBLIC_ORIGIN,
    signingSecret: secret,
    qstash: { currentKey: env.QSTASH_CURRENT_SIGNING_KEY, nextKey: env.QSTASH_NEXT_SIGNING_KEY },
    hooks: env.HOOKS === 'on',
    local: env.ENVIRONMENT === 'local',
    outputOrigins: env.OUTPUT_ORIGINS,
  };
}

function databaseOf(env: Env, log: WorkerDeps['log']) {
  const { SUPABASE_URL: url, SUPABASE_ANON_KEY: anonKey, SUPABASE_ROLE_TOKEN: roleToken } = env;
  return createWorkerDatabase(createDatabase({ url, anonKey, roleToken, timeoutMs: 15_000, log }));
}

/** Providers' public keys are remembered as long as the isolate lives. */
function adaptersOf(env: Env): WorkerDeps['adapter'] {
  const publicKeys: Record<string, PublicKeys> = { fal: createFalKeys({ fetch: send, now, url: env.FAL_JWKS_URL }) };
  return function adapter(id) {
    const found = findProvider(id);
    return found && { ...found, baseUrl: endpointOf(env, id), publicKeys: publicKeys[id] };
  };
}

function storageOf(env: Env): Pick<WorkerDeps, 'store' | 'destroy'> {
  const cloudinary = createCloudinary({
    cloudName: env.CLOUDINARY_CLOUD_NAME,
    apiKey: env.CLOUDINARY_API_KEY,
    apiSecret: env.CLOUDINARY_API_SECRET,
    endpoint: env.CLOUDINARY_ENDPOINT,
    fetch: send,
    now,
  });
  // An emulated Cloudinary reaches emulated providers; the real one does not.
  const unreachable = env.CLOUDINARY_ENDPOINT ? [] : env.OUTPUT_ORIGINS;
  return { store: createStoreAsset({ cloudinary, fetch: send, unreachable }), destroy: cloudinary.destroy };
}

/** Bindings do not change while an isolate lives. */
let wired: ReturnType<typeof wire> | undefined;
const worker = (bindings: unknown) => {
  wired ??= wire(bindings);
  return wired;
};

export default {
  fetch(request: Request, bindings: unknown, context: ExecutionContext) {
    return worker(bindings).app.fetch(request, bindings as object, context);
  },
  async scheduled(_event: ScheduledController, bindings: unknown) {
    await worker(bindings).sweep();
  },
};
