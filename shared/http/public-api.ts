import type { Hono } from 'hono';
import { cors } from 'hono/cors';
import { rateLimitHeaders } from './read-limit.ts';
import { requestId } from './request-id.ts';
import type { AppEnv, Route, RouteDeps } from './route.ts';

/** What every public answer carries, whichever Worker gives it: a request id, CORS for these origins, and headers of its own. */
export function usePublicMiddleware(app: Hono<AppEnv>, allowedOrigins: string[]): void {
  app.use(requestId);
  app.use(
    cors({
      origin: allowedOrigins,
      allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      allowHeaders: [...TAKEN, ...CONDITIONS],
      exposeHeaders: SHOWN,
      maxAge: 86_400,
    }),
  );
  app.use(async function answerHeaders(c, next) {
    await next();
    const limit = c.get('readLimit');
    for (const [name, value] of Object.entries(limit ? rateLimitHeaders(limit) : {})) c.header(name, value);
    c.header('x-content-type-options', 'nosniff');
    if (c.req.path.startsWith('/v1/') && !c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
}

/** Paths are in OpenAPI's form. */
export function mountRoutes(app: Hono<AppEnv>, routes: Route[], deps: RouteDeps): void {
  for (const route of routes) {
    app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), (c) => route.run(c, deps));
  }
}

const TAKEN = ['authorization', 'x-api-key', 'content-type', 'idempotency-key', 'prefer', 'last-event-id'];
const CONDITIONS = ['if-match', 'if-none-match'];
const SHOWN = [
  'location',
  'etag',
  'x-request-id',
  'idempotency-replayed',
  'preference-applied',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
];
