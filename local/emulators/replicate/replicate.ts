import { Hono } from 'hono';
import { dropConnection, holdConnection } from '../support/connection.ts';
import { fingerprint } from '../support/keys.ts';
import type { Emulator } from '../support/serve.ts';
import { steer } from '../support/steering.ts';
import { problem, refusal } from './errors.ts';
import { mountPredictions } from './predictions.ts';
import { createService, type ReplicateOptions } from './service.ts';
import { createUploads } from './uploads.ts';
import { webhookSecretOf } from './webhooks.ts';

export type Env = { Variables: { token: string } };

/** Replicate's HTTP API, below `/v1` and below `/`: predictions, models, files, account, webhook secret. */
export function createReplicate(options: ReplicateOptions): Emulator {
  const service = createService(options);
  const { control, catalog, files, origin, now, start, stop } = service;
  const api = new Hono<Env>();
  api.use(async function authenticate(c, next) {
    const token = /^Bearer (r8_\w+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) return problem(401);
    c.set('token', token);
    await next();
  });
  mountPredictions(api, service);
  api.get('/models/:owner/:name', (c) => {
    const description = catalog.describe(`${c.req.param('owner')}/${c.req.param('name')}`);
    return description ? c.json(description) : problem(404);
  });
  api.get('/account', (c) => {
    const { refuse, connection } = steer({ prompt: '', input: {}, fault: control.fault({ key: c.var.token }) });
    if (connection === 'timeout') return holdConnection(c);
    if (connection !== 'kept') return dropConnection(c);
    const username = `user-${fingerprint(c.var.token).slice(0, 8)}`;
    return refuse ? refusal(refuse) : c.json({ type: 'user', username, name: username, github_url: null });
  });
  api.get('/webhooks/default/secret', (c) => c.json({ key: webhookSecretOf(c.var.token) }));
  api.route('/files', createUploads({ database: options.database, now, origin }));

  const app = new Hono();
  for (const routes of [control.routes, files.routes]) app.route('/', routes);
  for (const base of ['/v1', '/']) app.route(base, api);
  app.notFound(() => problem(404));
  return { name: 'replicate', app, start, stop };
}
