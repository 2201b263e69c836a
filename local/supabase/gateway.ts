import { type Context, Hono, type Next } from 'hono';
import pg from 'pg';
import type { Emulator } from '../emulators/support/serve.ts';
import { authRoutes } from './auth.ts';
import { createFaults } from './faults.ts';
import { restRoutes } from './rest.ts';
import { createSchemaCache } from './schema-cache.ts';
import { createVerifier, type SigningKey } from './tokens.ts';

export type GatewayOptions = {
  /** As `authenticator`, which PostgREST logs in as. */
  authenticatorUrl: string;
  /** As an owner of the schema `auth`. */
  ownerUrl: string;
  signingKey: SigningKey;
  anonKey: string;
  /** Connections for calls. Default 40. */
  poolSize?: number;
};

/** What stands in front of a hosted Supabase project: PostgREST at `/rest/v1`, Auth at `/auth/v1`, an API key for both. */
export function createGateway(options: GatewayOptions): Emulator {
  const pool = openPool(options.authenticatorUrl, options.poolSize ?? 40);
  const authPool = openPool(options.ownerUrl, 4);
  const cache = createSchemaCache(pool);
  const faults = createFaults();
  const calls = new Map<string, number>();
  const count = (fn: string) => void calls.set(fn, (calls.get(fn) ?? 0) + 1);
  const verify = createVerifier(options.signingKey);
  let url = '';
  const app = new Hono();
  app.post('/__control', async (c) => {
    const wrong = faults.control(await c.req.json().catch(() => null));
    return wrong === undefined ? c.json({ ok: true }) : c.json({ error: wrong }, 422);
  });
  app.get('/__stats', (c) =>
    c.json({
      rpc: Object.fromEntries(calls),
      connections: { open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
    }),
  );
  app.use('/rest/v1/*', requireApiKey(options.anonKey));
  app.use('/auth/v1/*', requireApiKey(options.anonKey));
  app.route('/rest/v1', restRoutes({ pool, cache, faults, verify, count }));
  app.route('/auth/v1', authRoutes({ pool: authPool, key: options.signingKey, verify, url: () => url }));
  const listener = listenForReload(options.authenticatorUrl, () => void cache.reload().catch(() => {}));
  const stop = async () => void (await Promise.all([listener.stop(), pool.end(), authPool.end()]));
  const start = (origin: string) => {
    url = origin;
  };
  return { name: 'supabase', app, start, stop };
}

function openPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max, connectionTimeoutMillis: 10_000, idleTimeoutMillis: 60_000 });
  // An idle connection dies with the server; the next call says so.
  pool.on('error', () => {});
  // So does one in the middle of a call, and that call says so: unheard, the event would end the whole stack.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** `notify pgrst` makes PostgREST read the schema again, without a restart. */
function listenForReload(connectionString: string, reload: () => void): { stop: () => Promise<void> } {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {});
  client.on('notification', reload);
  const listening = client.connect().then(() => client.query('listen pgrst'));
  listening.catch(() => {});
  return { stop: () => client.end().catch(() => {}) };
}

function requireApiKey(anonKey: string) {
  return async (c: Context, next: Next): Promise<Response | undefined> => {
    const key = c.req.header('apikey') ?? c.req.query('apikey');
    if (c.req.path === '/auth/v1/.well-known/jwks.json' || key === anonKey) return void (await next());
    if (key === undefined) {
      return c.json(
        { message: 'No API key found in request', hint: 'No `apikey` request header or url param was found.' },
        401,
      );
    }
    return c.json(
      { message: 'Invalid API key', hint: 'Double check your Supabase `anon` or `service_role` API key.' },
      401,
    );
  };
}
