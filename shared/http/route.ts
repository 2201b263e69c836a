import type { Context } from 'hono';
import { once } from '../async/once.ts';
import { type Credential, credentialOf, subjectOf } from '../auth/credential.ts';
import type { VerifyUser } from '../auth/jwt.ts';
import { needsBody, type RouteDoc } from '../contract/route-doc.ts';
import { ok, type Result, refuse, unwrap } from '../errors/result.ts';
import type { Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { readJson } from './read-json.ts';
import type { ReadLimit, ReadLimits } from './read-limit.ts';
import { validate } from './validate.ts';

export type AppEnv = { Variables: { requestId: string; readLimit?: ReadLimit } };
export type AppContext = Context<AppEnv>;

/** What a Worker lends its routes. */
export type RouteDeps = {
  verifyUser: VerifyUser;
  /** Absent where reads are not limited. */
  readLimits?: ReadLimits;
};

export type Route = RouteDoc & { run: (c: AppContext, deps: RouteDeps) => Promise<Response> };

type Out<S> = S extends () => z.ZodMiniType ? Of<S> : Record<string, never>;

export type Incoming<P, Q, B, K> = {
  credential: Credential;
  params: Out<P>;
  query: Out<Q>;
  body: Out<B>;
  idempotencyKey: K extends 'required' ? string : string | undefined;
};

type Definition<P, Q, B, K> = Omit<RouteDoc, 'access' | 'params' | 'query' | 'body' | 'idempotency'> & {
  params?: P;
  query?: Q;
  body?: B;
  idempotency?: K;
  /** For a body whose schema depends on what it is: stands in for `body`, which then only documents. */
  parseBody?: (raw: unknown) => Result<Out<B>>;
  /** Makes the answer. One that a `fetch` gave is copied first: no headers can be set on it. */
  handle: (incoming: Incoming<P, Q, B, K>, c: AppContext) => Promise<Response> | Response;
};

/**
 * A resource behind a credential: everything about a request is checked here, in this order, before `handle` sees it: credential (401),
 * ids in the path (404), read limit (429), query, Idempotency-Key and body (422, 400, 413, 415).
 */
export function route<
  P extends (() => z.ZodMiniObject) | undefined = undefined,
  Q extends (() => z.ZodMiniObject) | undefined = undefined,
  B extends (() => z.ZodMiniType) | undefined = undefined,
  K extends 'optional' | 'required' | undefined = undefined,
>({ handle, parseBody, ...doc }: Definition<P, Q, B, K>): Route {
  const { params, query, body } = doc;
  const schemas = { params: params && once(params), query: query && once(query), body: body && once(body) };
  const route = { ...doc, ...schemas, access: 'credential' } as RouteDoc;
  return {
    ...route,
    async run(c, deps) {
      const credential = unwrap(await credentialOf(c.req.raw.headers, deps.verifyUser));
      const params = route.params ? pathIds(route.params(), c.req.param()) : {};
      if (route.method === 'get') await countRead(c, credential, deps);
      const query = unwrap(validate((route.query ?? NOTHING)(), queryOf(c)));
      const key = unwrap(idempotencyKey(c.req.raw.headers, route.idempotency === 'required'));
      const body = WRITES.includes(route.method) ? await bodyOf(c, route.body, parseBody) : {};
      return handle({ credential, params, query, body, idempotencyKey: key } as Incoming<P, Q, B, K>, c);
    },
  };
}

/** A resource that anybody may read, and that checks for itself what it takes. */
export function publicRoute({
  handle,
  ...doc
}: Omit<RouteDoc, 'access'> & { handle: (c: AppContext) => Promise<Response> | Response }): Route {
  return { ...doc, access: 'public', run: async (c) => handle(c) };
}

const NOTHING = once(() => z.strictObject({}));
const WRITES: RouteDoc['method'][] = ['post', 'put', 'patch'];

/** An id that cannot be one names nothing: 404, like a foreign one. */
function pathIds(schema: z.ZodMiniObject, params: Record<string, string>): Record<string, unknown> {
  const parsed = schema.safeParse(params);
  return parsed.success ? parsed.data : refuse({ code: 'not_found' });
}

async function countRead(c: AppContext, credential: Credential, deps: RouteDeps): Promise<void> {
  const limit = await deps.readLimits?.(subjectOf(credential));
  if (!limit) return;
  c.set('readLimit', limit);
  if (!limit.allowed) refuse({ code: 'rate_limited', retry_after: limit.resetSeconds, limit: limit.limit });
}

/** The parameters of a query. One that was given twice is a list, which no schema takes; NUL, which no text of a database can hold, is refused. */
export function queryOf(c: AppContext): Record<string, unknown> {
  const queries = Object.entries(c.req.queries());
  const errors = queries
    .filter(([, values]) => values.join().includes('\0'))
    .map(([path]) => ({ path, message: 'Must not hold NUL' }));
  if (errors.length > 0) refuse({ code: 'invalid_input', errors });
  return Object.fromEntries(queries.map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

async function bodyOf<B>(
  c: AppContext,
  schema?: RouteDoc['body'],
  parse?: (raw: unknown) => Result<B>,
): Promise<unknown> {
  const raw = unwrap(await readJson(c.req.raw, { mayBeEmpty: () => !needsBody({ body: schema }) }));
  return unwrap(parse ? parse(raw) : schema ? validate(schema(), raw) : ok(unwrap(validate(NOTHING(), raw))));
}
