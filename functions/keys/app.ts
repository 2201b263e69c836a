import { Hono } from 'hono';
import { problemNotFound, problemOnError } from '../../shared/http/problems.ts';
import { mountRoutes, usePublicMiddleware } from '../../shared/http/public-api.ts';
import type { AppEnv, Route } from '../../shared/http/route.ts';
import { signedOnly } from '../../shared/internal/signed-only.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditLogRoute } from './audit-log.ts';
import { changeProviderKeyRoute } from './change-provider-key.ts';
import { clientTokenRoutes } from './client-tokens.ts';
import type { KeysDeps } from './deps.ts';
import { effectiveRoute } from './effective.ts';
import { keyPoolRoutes } from './key-pools.ts';
import { keyTestRoutes } from './key-tests.ts';
import { memberRoutes } from './members.ts';
import { mirrorRoutes } from './mirror.ts';
import { organizationRoutes } from './organizations.ts';
import { projectRoutes } from './projects.ts';
import { providerKeyRoutes } from './provider-keys.ts';
import { rotateRoutes } from './rotate.ts';
import { settingRoutes } from './settings.ts';
import { settingsStreamRoute } from './settings-stream.ts';
import { sweepRoutes } from './sweep.ts';

/** The Worker `keys` over HTTP. Opening a key is no route: only a service binding can ask for it. */
export function createApp(deps: KeysDeps) {
  const app = new Hono<AppEnv>();
  usePublicMiddleware(app, deps.allowedOrigins);
  app.onError(problemOnError(deps));
  app.use('/internal/*', signedOnly({ secret: deps.signingSecret, now: deps.now }));
  app.route('/', mirrorRoutes(deps));
  app.route('/', rotateRoutes(deps));
  app.route('/', sweepRoutes(deps));
  mountRoutes(app, routesOf(deps), deps);
  problemNotFound(app, deps.origin);
  return app;
}

/** Fixed paths come before those with an id in their place. */
export const routesOf = (deps: KeysDeps): Route[] => [
  effectiveRoute(deps),
  settingsStreamRoute(deps),
  ...settingRoutes(deps),
  ...keyTestRoutes(deps),
  ...providerKeyRoutes(deps),
  changeProviderKeyRoute(deps),
  ...keyPoolRoutes(deps),
  ...apiKeyRoutes(deps),
  ...clientTokenRoutes(deps),
  ...organizationRoutes(deps),
  ...memberRoutes(deps),
  ...projectRoutes(deps),
  auditLogRoute(deps),
];
