import type { Hono, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { rateLimitHeaders } from './read-limit.ts';
import { requestId } from './request-id.ts';
import type { AppEnv, Route, RouteDeps } from './route.ts';

/**
 * What every public answer carries, whichever Worker gives it: a request id, CORS for these origins, and headers of its own. They are
 * set on the answer itself: `c.header` makes a new one each time once there is one.
 */
export function usePublicMiddleware(app: Hono<AppEnv>, allowedOrigins: string[]): void {
  app.use(requestId);
  app.use(corsForPages(allowedOrigins));
  app.use(async function answerHeaders(c, next) {
    await next();
    const { headers } = c.res;
    const limit = c.get('readLimit');
    for (const [name, value] of Object.entries(limit ? rateLimitHeaders(limit) : {})) headers.set(name, value);
    headers.set('x-content-type-options', 'nosniff');
    if (c.req.path.startsWith('/v1/') && !headers.has('cache-control')) headers.set('cache-control', 'no-store');
  });
}

/** Servers and apps send no `Origin`: their answers only say that it counts. */
function corsForPages(allowedOrigins: string[]): MiddlewareHandler<AppEnv> {
  const forPages = cors({
    origin: allowedOrigins,
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    allowHeaders: [...TAKEN, ...CONDITIONS],
    exposeHeaders: SHOWN,
    maxAge: 86_400,
  });
  return async function corsOrVary(c, next) {
    if (c.req.method === 'OPTIONS' || c.req.raw.headers.has('origin')) return forPages(c, next);
    await next();
    c.res.headers.append('vary', 'Origin');
  };
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
