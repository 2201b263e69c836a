/** PostgREST's error body. */
export type ErrorBody = { code: string; message: string; details: string | null; hint: string | null };
export type Failure = { status: number; body: ErrorBody; headers?: Record<string, string> };
/** What PostgreSQL reports; `code` is the SQLSTATE. */
export type DatabaseFault = { code?: string; message: string; detail?: string; hint?: string };

export function failure(status: number, code: string, message: string, more: Partial<ErrorBody> = {}): Failure {
  return { status, body: { code, details: null, hint: null, message, ...more } };
}

/** SQLSTATE, or the class it begins with → HTTP status. Source: PostgREST 14, References → Errors. First match wins. */
const statuses: [prefix: string, status: number][] = [
  ['08', 503],
  ['09', 500],
  ['0L', 403],
  ['0P', 403],
  ['23503', 409],
  ['23505', 409],
  ['25006', 405],
  ['25', 500],
  ['28', 403],
  ['2D', 500],
  ['38', 500],
  ['39', 500],
  ['3B', 500],
  ['40', 500],
  ['53400', 500],
  ['53', 503],
  ['54', 500],
  ['55', 500],
  ['57', 500],
  ['58', 500],
  ['F0', 500],
  ['HV', 500],
  ['P0001', 400],
  ['P0', 500],
  ['XX', 500],
  ['42883', 404],
  ['42P01', 404],
  ['42P17', 500],
];

function statusOf(sqlState: string, authenticated: boolean): number {
  if (sqlState === '42501') return authenticated ? 403 : 401;
  const chosen = /^PT(\d{3})$/.exec(sqlState);
  if (chosen !== null) return Number(chosen[1]);
  return statuses.find(([prefix]) => sqlState.startsWith(prefix))?.[1] ?? 400;
}

/** Renders a fault of the database as PostgREST does. A connection that could not be had is a 503. */
export function databaseFailure(fault: DatabaseFault, authenticated: boolean): Failure {
  const { code, message, detail = null, hint = null } = fault;
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) {
    return failure(503, 'PGRST001', 'Database client error. Retrying the connection.', { details: message });
  }
  const status = statusOf(code, authenticated);
  const challenge = status === 401 ? { headers: { 'www-authenticate': 'Bearer' } } : {};
  return { status, body: { code, details: detail, hint, message }, ...challenge };
}
