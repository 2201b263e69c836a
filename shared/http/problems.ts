import type { Context, Env, ErrorHandler, Hono } from 'hono';
import { problemResponse } from '../errors/problem.ts';
import { type Refusal, refusalOf } from '../errors/result.ts';
import type { Log } from '../log/log.ts';
import type { RequestIdVariables } from './request-id.ts';

type ProblemOptions = { origin: string; log: Log };

/** Any refusal as a problem; `origin` is where the page of all codes lives. */
export function refusalResponse(c: Context, origin: string, refusal: Refusal): Response {
  return problemResponse(refusal, { origin, requestId: c.get('requestId') ?? 'req_unknown' });
}

/** Renders what `refuse` threw; everything else is logged and answered with one fixed sentence. */
export function problemOnError({ origin, log }: ProblemOptions): ErrorHandler {
  return function onError(error, c) {
    const refusal = refusalOf(error);
    if (refusal) return refusalResponse(c, origin, refusal);
    log('error', 'unhandled', { request_id: c.get('requestId'), path: c.req.path, error });
    return refusalResponse(c, origin, { code: 'internal_error' });
  };
}

/**
 * Answers what no route took: 405 with `Allow` where the path exists for other methods, else 404. Call it after all routes.
 */
export function problemNotFound<E extends Env & { Variables: RequestIdVariables }>(app: Hono<E>, origin: string): void {
  const methods = methodsByPath(app);
  for (const [path, allowed] of methods) {
    app.all(path, (c) => {
      const response = refusalResponse(c, origin, { code: 'method_not_allowed' });
      response.headers.set('allow', allowed);
      return response;
    });
  }
  app.notFound((c) => refusalResponse(c, origin, { code: 'not_found' }));
}

function methodsByPath<E extends Env>(app: Hono<E>): Map<string, string> {
  const methods = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    if (method === 'ALL') continue;
    const known = methods.get(path) ?? new Set();
    known.add(method);
    if (method === 'GET') known.add('HEAD');
    methods.set(path, known);
  }
  return new Map([...methods].map(([path, known]) => [path, [...known, 'OPTIONS'].join(', ')]));
}
