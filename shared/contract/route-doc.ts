import type { ErrorCode } from '../errors/codes.ts';
import type * as z from '../schema/zod.ts';
import type { ApiScope } from './scalars.ts';

/** One answer of a route, as the OpenAPI document shows it. */
export type Answer = { description: string; schema?: () => z.ZodMiniType; contentType?: string };

/**
 * What a router and the OpenAPI document need to know of a route. Paths are in OpenAPI's form: `/v1/jobs/{id}`. Schemas are made when
 * the first request for the route, or for the document, needs them.
 */
export type RouteDoc = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  tag: string;
  summary: string;
  description?: string;
  access: 'credential' | 'public';
  /** A credential needs one of these, or `admin`; without them any credential does. */
  scopes?: readonly ApiScope[];
  params?: () => z.ZodMiniObject;
  query?: () => z.ZodMiniObject;
  body?: () => z.ZodMiniType;
  idempotency?: 'optional' | 'required';
  /** Takes `Prefer: wait=N`. */
  waits?: boolean;
  /** Takes `If-Match`. */
  conditional?: boolean;
  /** Takes `Last-Event-ID`. */
  resumable?: boolean;
  answers: Record<number, Answer>;
  refusals?: ErrorCode[];
};

/** A route behind a credential. What one Worker answers and another one documents stands in the contract, between them. */
export const contract = <const D extends Omit<RouteDoc, 'access'>>(doc: D) => ({
  ...doc,
  access: 'credential' as const,
});

/** Whether a request has to bring a body: not where none of its members has to be there. */
export const needsBody = ({ body }: Pick<RouteDoc, 'body'>) => body !== undefined && !body().safeParse({}).success;
