import { Hono } from 'hono';
import type { Emulator } from '../support/serve.ts';
import { detail } from './errors.ts';
import { mountQueue } from './queue.ts';
import { appOf } from './request.ts';
import { createService, type FalOptions } from './service.ts';
import { createStorage } from './storage.ts';
import { readKey } from './users.ts';

export type Env = { Variables: { key: string } };

/** fal's queue (`queue.fal.run`), upload service (`rest.fal.ai`) and webhook keys, all on one origin. */
export function createFal(options: FalOptions): Emulator {
  const service = createService(options);
  const { control, files, origin, jwks, start, stop } = service;
  const storage = createStorage({ database: options.database, origin });
  const api = new Hono<Env>();
  api.use(async function authenticate(c, next) {
    const read = readKey(c.req.header('authorization'));
    if ('problem' in read) return unauthorized(read.problem, c.req.path);
    c.set('key', read.key);
    await next();
  });
  api.route('/', storage.authorized);
  mountQueue(api, service);

  const app = new Hono();
  for (const routes of [control.routes, files.routes, storage.open]) app.route('/', routes);
  app.get('/.well-known/jwks.json', (c) => c.json(jwks, 200, { 'cache-control': 'max-age=300' }));
  app.route('/', api);
  return { name: 'fal', app, start, stop };
}

function unauthorized(problem: 'missing' | 'malformed', path: string): Response {
  if (problem === 'malformed')
    return detail(401, "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.");
  const app = appOf(path.slice(1));
  return detail(401, `Cannot access application "${app}". Authentication is required to access this application.`);
}
