import { Hono } from 'hono';
import { problemNotFound, problemOnError, refusalResponse } from '../../shared/http/problems.ts';
import { mountRoutes, usePublicMiddleware } from '../../shared/http/public-api.ts';
import type { AppEnv, Route } from '../../shared/http/route.ts';
import { batches } from './batches.ts';
import { listModels, showModel } from './catalogue/models.ts';
import { listProviders } from './catalogue/providers.ts';
import { creditBalance } from './credits/balance.ts';
import { creditEntries } from './credits/entries.ts';
import { grantCredits } from './credits/grants.ts';
import type { Deps } from './deps.ts';
import { cancelJob } from './jobs/cancel.ts';
import { createJob } from './jobs/create.ts';
import { jobEvents } from './jobs/events.ts';
import { getJob } from './jobs/get.ts';
import { listJobs } from './jobs/list.ts';
import { refundJob } from './jobs/refund.ts';
import { removeJob } from './jobs/remove.ts';
import { approveJob, rejectJob } from './jobs/review.ts';
import { jobTimeline } from './jobs/timeline.ts';
import { quotes } from './quotes.ts';
import { docs, docsErrors, docsScript } from './service/docs.ts';
import { health } from './service/health.ts';
import { openApi } from './service/openapi.ts';
import { ready } from './service/ready.ts';

/** The public API on these dependencies. */
export function createApp(deps: Deps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const { origin } = deps.settings;
  usePublicMiddleware(app, deps.settings.allowedOrigins);
  mountRoutes(app, routesOf(deps), deps);
  // The other Workers answer these; what strays here is unsigned by definition.
  app.all('/internal/*', (c) => refusalResponse(c, origin, { code: 'unauthenticated' }));
  app.all('/hooks/*', (c) => refusalResponse(c, origin, { code: 'unauthenticated' }));
  problemNotFound(app, origin);
  app.onError(problemOnError({ origin, log: deps.log }));
  return app;
}

export function routesOf(deps: Deps): Route[] {
  const routes: Route[] = [
    createJob(deps),
    listJobs(deps),
    getJob(deps),
    removeJob(deps),
    cancelJob(deps),
    approveJob(deps),
    rejectJob(deps),
    refundJob(deps),
    jobEvents(deps),
    jobTimeline(deps),
    batches(deps),
    quotes(deps),
    creditBalance(deps),
    creditEntries(deps),
    grantCredits(deps),
    listModels(deps),
    showModel(deps),
    listProviders(deps),
    health(),
    ready(deps),
    openApi(deps, () => routes),
    docs(),
    docsScript(deps),
    docsErrors(),
  ];
  return routes;
}
