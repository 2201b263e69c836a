import { ERRORS, isErrorCode } from '../../shared/errors/codes.ts';
import type { Json } from '../client.ts';
import type { Caller } from './callers.ts';
import type { Case } from './cases.ts';
import type { Operation } from './document.ts';
import type { Received, Sent } from './send.ts';
import { foreignIn, type Owners } from './strangers.ts';

type Judged = { one: Case; caller: Caller; sent: Sent; answer: Received; owners: Owners; origin: string };

/** All that is wrong with an answer; nothing, if all is well. */
export function faultsOf(judged: Judged): string[] {
  const { one, caller, answer } = judged;
  const faults = answer.status >= 400 ? problemFaults(judged) : [];
  if (answer.status >= 500) faults.push(`answers ${answer.status}: ${answer.text.slice(0, 300)}`);
  if (answer.status < 400 && one.refused) faults.push(`is let through: ${answer.status} ${answer.text.slice(0, 200)}`);
  if (answer.status < 400 && !mayCall(one, caller)) faults.push(`is let through without its scope: ${answer.status}`);
  if (tellsOfForeign(one, caller, answer.status)) faults.push(`tells that a stranger’s exists: ${answer.status}`);
  return [...faults, ...leaks(judged)];
}

function mayCall(one: Case, caller: Caller): boolean {
  return maySend(one.operation, caller) || (caller.role === true && !changesTheStudio(one));
}

/** Whether a caller's scopes open an operation. */
export function maySend({ scopes: needed }: Operation, { scopes }: Caller): boolean {
  if (needed === null) return true;
  return scopes !== null && (needed.length === 0 || [...needed, 'admin'].some((scope) => scopes.includes(scope)));
}

/** A role is narrower in its organisation than at home: it counts for changes to what is named there. */
function changesTheStudio({ operation, path, query, body }: Case): boolean {
  const named = [path, query, body?.change.as === 'it is' ? body.value : ''];
  return operation.method !== 'GET' && JSON.stringify(named).includes('{{own:');
}

/** What is somebody else's does not exist: an answer that only an existing thing can get would tell. */
function tellsOfForeign({ operation, path }: Case, caller: Caller, status: number): boolean {
  return (
    path.includes('{{foreign:') &&
    !caller.sees.includes('*') &&
    maySend(operation, caller) &&
    [402, 403, 409, 410, 412].includes(status)
  );
}

function leaks({ caller, sent, answer, owners }: Judged): string[] {
  if (caller.sees.includes('*')) return [];
  // Only a refusal may say back what it was asked for.
  const said = answer.status >= 400 ? decoded(sent.path) + (sent.body?.toString() ?? '') : '';
  const text = answer.text + JSON.stringify(answer.headers);
  const found = foreignIn(text, owners, { sees: caller.sees, sent: said });
  const hidden = caller.blind
    ? [...owners.keys()].filter((key) => caller.blind?.test(key) && text.includes(key) && !said.includes(key))
    : [];
  return [...found, ...hidden].map((what) => `shows ${what} of ${owners.get(what)}`);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** RFC 9457 with the members of ours, and the headers that belong to it. */
function problemFaults({ one, answer, origin }: Judged): string[] {
  const { status, headers, text } = answer;
  if (one.method === 'HEAD') return [];
  if (headers['content-type'] !== 'application/problem+json')
    return [`is ${status} as ${headers['content-type']}: ${text.slice(0, 200)}`];
  const body = parsed(text);
  const code: unknown = body?.code;
  if (!isErrorCode(code)) return [`has no code: ${text.slice(0, 200)}`];
  const row = ERRORS[code];
  const right: Record<string, boolean> = {
    status: body.status === status && row.status === status,
    type: body.type === `${origin}/docs/errors#${code}`,
    title: body.title === row.title,
    detail: typeof body.detail === 'string' && body.detail !== '',
    retryable: body.retryable === row.retryable,
    request_id: /^req_[0-9a-f]{32}$/.test(body.request_id) && body.request_id === headers['x-request-id'],
    errors: body.errors === undefined || fieldErrors(body.errors),
    'www-authenticate': status !== 401 || /^Bearer/.test(headers['www-authenticate'] ?? ''),
    allow: status !== 405 || /^[A-Z]+(, [A-Z]+)*$/.test(headers.allow ?? ''),
    'retry-after': ![429, 503].includes(status) || /^\d+$/.test(headers['retry-after'] ?? ''),
    'a status of the document': isDocumented(one, status),
  };
  const wrong = Object.keys(right).filter((name) => !right[name]);
  return wrong.length === 0
    ? []
    : [`is a problem without a right ${wrong.join(', ')}: ${status} ${text.slice(0, 200)}`];
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const fieldErrors = (errors: Json) =>
  Array.isArray(errors) && errors.every(({ path, message }) => typeof path === 'string' && typeof message === 'string');

const isDocumented = ({ operation, method, astray }: Case, status: number) =>
  method !== operation.method || astray || String(status) in operation.responses;
