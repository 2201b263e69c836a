import { described, named, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { ERRORS, type ErrorCode } from './codes.ts';
import type { FieldError, Refusal } from './result.ts';

export const Problem = named(
  'Problem',
  () =>
    z.looseObject({
      type: described(z.url(), 'Links to the page that lists every code.'),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
      retryable: z.boolean(),
      request_id: z.string(),
      errors: z.optional(z.array(z.object({ path: z.string(), message: z.string() }))),
    }),
  'An error as RFC 9457 has it.',
);

export type Problem = Of<typeof Problem>;

/** Who answers: `origin` is where the error page lives, without a slash at the end. */
export type ProblemContext = { origin: string; requestId: string };

/** Stays inside: said in the log, never on the wire. */
const PRIVATE = ['ambiguous', 'sqlstate', 'cause', 'replayed'];
const DEFAULT_RETRY_SECONDS = 1;

export function problem(refusal: Refusal, { origin, requestId }: ProblemContext): Problem {
  const row = ERRORS[refusal.code];
  const { code, detail, errors, ...extras } = refusal.code === 'internal_error' ? { code: refusal.code } : refusal;
  return {
    ...Object.fromEntries(Object.entries(extras).filter(([name]) => !PRIVATE.includes(name))),
    type: `${origin}/docs/errors#${code}`,
    title: row.title,
    status: row.status,
    detail: detail ?? (errors?.length ? summary(errors) : row.docs),
    code,
    retryable: row.retryable,
    request_id: requestId,
    ...(errors && { errors }),
  };
}

/** The first error in a sentence, and how many more there are. */
function summary(errors: FieldError[]): string {
  const { path, message } = errors[0] ?? { path: '', message: 'Invalid input' };
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${path ? `\`${path}\`: ` : ''}${message}${rest}`;
}

/** Headers that belong to a refusal, besides the content type. 429 and 503 always say when to come back, in seconds. */
export function problemHeaders(refusal: Refusal): Record<string, string> {
  const waits = [429, 503].includes(ERRORS[refusal.code].status);
  const seconds = refusal.retry_after ?? DEFAULT_RETRY_SECONDS;
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(waits && { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }),
    ...(refusal.code === 'rate_limited' && typeof refusal.limit === 'number' && rateLimit(refusal.limit, seconds)),
    ...(refusal.replayed === true && { 'idempotency-replayed': 'true' }),
    ...(refusal.code === 'unauthenticated' && { 'www-authenticate': 'Bearer realm="darkroom"' }),
  };
}

/** Limits count by the minute; see draft-ietf-httpapi-ratelimit-headers. */
const rateLimit = (limit: number, seconds: number) => ({
  'ratelimit-policy': `"requests";q=${limit};w=60`,
  ratelimit: `"requests";r=0;t=${Math.ceil(seconds)}`,
});

export function problemResponse(refusal: Refusal, context: ProblemContext): Response {
  return new Response(JSON.stringify(problem(refusal, context)), {
    status: ERRORS[refusal.code].status,
    headers: { ...problemHeaders(refusal), 'x-request-id': context.requestId },
  });
}
