import { Hono } from 'hono';
import { problemNotFound, problemOnError } from '../../shared/http/problems.ts';
import { type RequestIdVariables, requestId } from '../../shared/http/request-id.ts';
import { signedOnly } from '../../shared/internal/signed-only.ts';
import type { Log } from '../../shared/log/log.ts';
import { type MirrorDeps, mirrorRoutes } from './mirror.ts';

export type KeysDeps = MirrorDeps & {
  /** The public origin, without a slash at the end. */
  origin: string;
  signingSecret: string;
  /** Milliseconds. */
  now: () => number;
  log: Log;
};

/** The Worker `keys` over HTTP. Opening a key is no route: only a service binding can ask for it. */
export function createApp(deps: KeysDeps) {
  const app = new Hono<{ Variables: RequestIdVariables }>();
  app.use(requestId);
  app.onError(problemOnError(deps));
  app.use('/internal/*', signedOnly({ secret: deps.signingSecret, now: deps.now }));
  app.route('/', mirrorRoutes(deps));
  problemNotFound(app, deps.origin);
  return app;
}
