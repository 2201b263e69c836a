import { Hono } from 'hono';
import { problemNotFound, problemOnError } from '../../shared/http/problems.ts';
import { mountRoutes, usePublicMiddleware } from '../../shared/http/public-api.ts';
import type { AppEnv } from '../../shared/http/route.ts';
import { signedOnly } from '../../shared/internal/signed-only.ts';
import { callbackRoutes } from './callbacks.ts';
import { deliveryRoutes } from './deliveries.ts';
import type { CallbackDeps } from './deps.ts';
import { webhookSecretRoute } from './webhook-secret.ts';

/** The Worker `callback`: settles what the worker reports, and tells partners. */
export function createApp(deps: CallbackDeps) {
  const app = new Hono<AppEnv>();
  usePublicMiddleware(app, deps.allowedOrigins);
  app.onError(problemOnError(deps));
  app.use('/internal/*', signedOnly({ secret: deps.signingSecret, now: deps.now }));
  app.route('/', callbackRoutes(deps));
  mountRoutes(app, [webhookSecretRoute(deps), ...deliveryRoutes(deps)], deps);
  problemNotFound(app, deps.origin);
  return app;
}
