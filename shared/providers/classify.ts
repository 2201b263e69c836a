import type { Answer } from './recorded-fetch.ts';
import type { Outcome } from './types.ts';

/** A vendor's own error body, read by the vendor's adapter. */
export type VendorError = {
  message: string;
  field?: string;
  moderation?: boolean;
  outOfCredit?: boolean;
};

/** Reads a body as the vendor's own error; null if it is not (a proxy's HTML page, nothing). */
export type ReadError = (body: unknown, status: number) => VendorError | null;

export type SubmissionFailure = Extract<
  Outcome,
  { status: 'rejected' | 'rate_limited' | 'refused' | 'unauthorized' | 'out_of_credit' | 'ambiguous' }
>;

/** Cloudflare could not reach the vendor's origin, or not speak TLS with it: the request never got there. */
const NEVER_ARRIVED = new Set([521, 523, 525, 526, 530]);
/** Definite only with the vendor's own words: a proxy in between uses the same numbers after the vendor accepted. */
const DEFINITE_WITH_BODY = new Set([500, 503, 529]);
const LONGEST_WAIT_SECONDS = 86_400;

/**
 * What an answer other than an acceptance means for a submission. Definite are all 4xx; 500, 503 and 529 in the
 * vendor's own words; and Cloudflare's never-arrived codes. Everything else (thrown, timed out, 502, 504, 520, 522,
 * 524, a 2xx that names no request) is ambiguous: the work may be running, so it is neither repeated nor released.
 */
export function classifySubmission(answer: Answer, read: ReadError, now: number): SubmissionFailure {
  if (answer.kind === 'unsent') return { status: 'refused', httpStatus: 0, message: 'the request could not be made' };
  if (answer.kind === 'thrown') return { status: 'ambiguous', message: answer.message };
  const { status } = answer;
  const error = read(parseJson(answer.text), status);
  const message = error?.message ?? `the provider answered ${status}`;
  if (status >= 400 && status < 500) return classifyRefusal(status, answer.headers, error ?? { message }, now);
  if (NEVER_ARRIVED.has(status) || (DEFINITE_WITH_BODY.has(status) && error)) {
    return { status: 'refused', httpStatus: status, message };
  }
  return { status: 'ambiguous', message };
}

function classifyRefusal(status: number, headers: Headers, error: VendorError, now: number): SubmissionFailure {
  const { message, field } = error;
  if (status === 402 || error.outOfCredit) return { status: 'out_of_credit', message };
  if (error.moderation) return { status: 'rejected', code: 'moderation', message, ...(field && { field }) };
  if (status === 401 || status === 403) return { status: 'unauthorized', message };
  if (status === 429) return { status: 'rate_limited', message, ...retryAfter(headers, message, now) };
  if ([400, 413, 415, 422].includes(status)) {
    return { status: 'rejected', code: 'invalid_input', message, ...(field && { field }) };
  }
  return { status: 'refused', httpStatus: status, message };
}

/** `Retry-After` in seconds or as a date, else the «resets in ~30s» that Replicate writes into its message. */
export function retryAfter(headers: Headers, message: string, now: number): { retryAfterSeconds?: number } {
  const header = headers.get('retry-after')?.trim() ?? '';
  const said = /resets in ~?(\d{1,5})\s?s/.exec(message)?.[1] ?? '';
  const seconds = /^\d{1,9}$/.test(header)
    ? Number(header)
    : (Date.parse(header) - now) / 1000 || Number(said || Number.NaN);
  if (!Number.isFinite(seconds)) return {};
  return { retryAfterSeconds: Math.min(Math.max(Math.ceil(seconds), 0), LONGEST_WAIT_SECONDS) };
}

const MODERATION = [
  /nsfw|\(E005\)|content[ _]policy|prohibited content|moderated/i,
  /flagged as (sensitive|inappropriate|violating)|sensitive (content|word|information)/i,
  /safety (system|filter|checker)/i,
];

/** Vendors name their filters in prose; this is for those that give no code. */
export function isModeration(text: string): boolean {
  return MODERATION.some((pattern) => pattern.test(text));
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A vendor's text for people and logs: one line, short, without the key should the vendor echo it. */
export function tidy(text: string, secrets: readonly (string | undefined)[] = []): string {
  let line = text.replace(/\s+/g, ' ').trim();
  for (const secret of secrets) if (secret) line = line.replaceAll(secret, '…');
  return line.length > 500 ? `${line.slice(0, 499)}…` : line;
}
