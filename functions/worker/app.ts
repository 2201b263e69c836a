import { Hono } from 'hono';
import { refuse } from '../../shared/errors/result.ts';
import { problemNotFound, problemOnError } from '../../shared/http/problems.ts';
import { type RequestIdVariables, requestId } from '../../shared/http/request-id.ts';
import { signedOnly } from '../../shared/internal/signed-only.ts';
import type { WorkerDeps } from './deps.ts';
import { hookRoutes } from './hooks.ts';
import { sweepRoutes } from './sweep.ts';
import { wakeRoutes } from './wake.ts';

/** The Worker `worker`: runs attempts and learns how they end. Nothing here answers anybody who does not sign. */
export function createApp(deps: WorkerDeps) {
  const app = new Hono<{ Variables: RequestIdVariables }>();
  app.use(requestId);
  app.onError(problemOnError(deps));
  app.route('/', wakeRoutes(deps)); // before the guard of the others: it has the queue's signature instead
  app.route('/', hookRoutes(deps));
  app.all('/hooks/*', () => refuse({ code: 'unauthenticated' }));
  app.use('/internal/*', signedOnly({ secret: deps.signingSecret, now: deps.now }));
  app.route('/', sweepRoutes(deps));
  problemNotFound(app, deps.origin);
  return app;
}
