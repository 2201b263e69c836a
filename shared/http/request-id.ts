import { createMiddleware } from 'hono/factory';

export type RequestIdVariables = { requestId: string };

/** An id of ours for every request, in `c.var.requestId` and on the answer; a caller's own is not taken over, it could lie. */
export const requestId = createMiddleware<{ Variables: RequestIdVariables }>(async function requestId(c, next) {
  const id = `req_${crypto.randomUUID().replaceAll('-', '')}`;
  c.set('requestId', id);
  await next();
  c.res.headers.set('x-request-id', id);
});
