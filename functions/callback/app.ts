import { Hono } from 'hono';
import { problemNotFound, problemOnError } from '../../shared/http/problems.ts';
import { type RequestIdVariables, requestId } from '../../shared/http/request-id.ts';
import { signedOnly } from '../../shared/internal/signed-only.ts';
import { callbackRoutes } from './callbacks.ts';
import { deliveryRoutes } from './deliveries.ts';
import type { CallbackDeps } from './deps.ts';
import { webhookSecretRoutes } from './webhook-secret.ts';

/** The Worker `callback`: settles what the worker reports, and tells partners. */
export function createApp(deps: CallbackDeps) {
  const app = new Hono<{ Variables: RequestIdVariables }>();
  app.use(requestId);
  app.onError(problemOnError(deps));
  app.use('/internal/*', signedOnly({ secret: deps.signingSecret, now: deps.now }));
  app.route('/', callbackRoutes(deps));
  app.route('/', webhookSecretRoutes(deps));
  app.route('/', deliveryRoutes(deps));
  problemNotFound(app, deps.origin);
  return app;
}
