/** What the service says no with: the closed list behind `code` in every problem (RFC 9457). */
export type ErrorCode =
  | 'invalid_json'
  | 'unauthenticated'
  | 'insufficient_credits'
  | 'spend_cap_reached'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'idempotency_in_flight'
  | 'invalid_state'
  | 'quote_expired'
  | 'conflict'
  | 'model_retired'
  | 'precondition_failed'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'invalid_input'
  | 'idempotency_mismatch'
  | 'quote_mismatch'
  | 'provider_key_missing'
  | 'rate_limited'
  | 'limit_reached'
  | 'internal_error'
  | 'maintenance'
  | 'unavailable';

export type ErrorRow = {
  status: number;
  /** Short and the same each time; what is special about one occurrence stands in `detail`. */
  title: string;
  /** Whether the very same request may succeed later without anybody changing anything. */
  retryable: boolean;
  /** What happened and what to do about it: the default `detail`, and the text of the page that `type` links to. */
  docs: string;
};

export const ERRORS: Record<ErrorCode, ErrorRow> = {
  invalid_json: {
    status: 400,
    title: 'Not valid JSON',
    retryable: false,
    docs: 'The body must be one JSON value in UTF-8: no byte order mark, no repeated keys, no trailing bytes, not nested too deeply.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    retryable: false,
    docs: 'Send a valid API key in `x-api-key`, or an API key, user token or client token in `Authorization: Bearer`.',
  },
  insufficient_credits: {
    status: 402,
    title: 'Not enough credits',
    retryable: false,
    docs: 'The account has fewer credits available than this work may cost. The refusal stays under its Idempotency-Key: after a top-up, use a new key.',
  },
  spend_cap_reached: {
    status: 402,
    title: 'Spend cap reached',
    retryable: false,
    docs: 'A cap of the API key or the client token, or the number of free jobs a day, leaves no room for this work. The refusal stays under its Idempotency-Key: once the cap allows it, use a new key.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    retryable: false,
    docs: 'The credential is valid, but its scopes or its allowed models do not cover this request.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    retryable: false,
    docs: 'There is nothing here under this address, or it belongs to somebody else.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    retryable: false,
    docs: 'This address exists, but not for this method; `Allow` lists those it takes.',
  },
  idempotency_in_flight: {
    status: 409,
    title: 'Still in flight',
    retryable: true,
    docs: 'A request with the same Idempotency-Key is being answered right now. Ask again in a moment with the same key.',
  },
  invalid_state: {
    status: 409,
    title: 'Not possible in this state',
    retryable: false,
    docs: 'The object is in a state that does not allow this; read it and decide anew.',
  },
  quote_expired: {
    status: 409,
    title: 'Quote expired or used',
    retryable: false,
    docs: 'A quote is good for one request and a short time. Ask for a new one.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    retryable: false,
    docs: 'The message contradicts what is recorded, and nothing was changed.',
  },
  model_retired: {
    status: 410,
    title: 'Model retired',
    retryable: false,
    docs: 'This model is no longer offered; `successor` names the one to use, where there is one.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    retryable: false,
    docs: 'The object has changed since the version in `If-Match`; read it again.',
  },
  payload_too_large: {
    status: 413,
    title: 'Body too large',
    retryable: false,
    docs: 'The body is larger than this address accepts. Send media as https URLs instead.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    retryable: false,
    docs: 'Send the body as `content-type: application/json`.',
  },
  invalid_input: {
    status: 422,
    title: 'Invalid input',
    retryable: false,
    docs: 'The request is well formed but a value is not acceptable; `errors` names each one with its path.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'Idempotency-Key reused',
    retryable: false,
    docs: 'This Idempotency-Key was used for another request. Use a new key for a new request.',
  },
  quote_mismatch: {
    status: 422,
    title: 'Quote is for another request',
    retryable: false,
    docs: 'The quote was made for another body or another account. Send the request exactly as it was quoted.',
  },
  provider_key_missing: {
    status: 422,
    title: 'No provider key',
    retryable: false,
    docs: 'No route that this request allows has a usable provider key. Add one, or allow other routes.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    retryable: true,
    docs: 'Slow down: `Retry-After` says how long to wait, `RateLimit` what is left.',
  },
  limit_reached: {
    status: 429,
    title: 'Too many unfinished jobs',
    retryable: true,
    docs: 'The account has as many unfinished jobs as it may have. Wait until some have ended.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    retryable: true,
    docs: 'Something went wrong on our side; quote `request_id` when you report it.',
  },
  maintenance: {
    status: 503,
    title: 'Maintenance',
    retryable: true,
    docs: 'The service is paused for maintenance. `Retry-After` says when to try again.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    retryable: true,
    docs: 'A part that this request needs did not answer. Repeat it with the same Idempotency-Key: what was accepted never runs twice.',
  },
};

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}
