import type { Verdict, VerdictError } from '../../shared/db/worker.ts';
import type { Outcome } from '../../shared/providers/types.ts';

/** Ends an attempt without anything to deliver. */
export type Fruitless = Extract<
  Outcome,
  { status: 'failed' | 'rejected' | 'rate_limited' | 'refused' | 'unauthorized' | 'out_of_credit' | 'canceled' }
>;

/** What an outcome means for the attempt, its key, and whether something else may be tried (`class`; SQL decides). */
export function verdictOf(outcome: Fruitless): Verdict {
  switch (outcome.status) {
    case 'canceled':
      return { event: 'canceled', outputs: [] };
    case 'failed':
      return failed('failed', FAILURE_CODES[outcome.code], outcome.message);
    case 'rejected':
      return failed(outcome.code === 'moderation' ? 'moderation' : 'input', outcome.code, rejection(outcome));
    case 'refused':
      return failed('refused', 'provider_refused', outcome.message);
    case 'rate_limited':
      return {
        ...failed('rate_limited', 'provider_rate_limited', outcome.message),
        key_state: 'cooling',
        retry_after_seconds: outcome.retryAfterSeconds,
      };
    case 'unauthorized':
      return outOfService('disabled', 'provider_key_invalid', outcome.message);
    case 'out_of_credit':
      return outOfService('out_of_credit', 'provider_out_of_credit', outcome.message);
  }
}

export function failed(errorClass: VerdictError['class'], code: string, message: string): Verdict {
  const retryable = errorClass !== 'input' && errorClass !== 'moderation';
  return { event: 'failed', outputs: [], error: { code, message: storable(message), class: errorClass, retryable } };
}

/** The key is taken out with the reason, until a probe brings it back. */
export function outOfService(state: 'disabled' | 'out_of_credit', code: string, reason: string): Verdict {
  return { ...failed('key', code, reason), key_state: state, key_reason: storable(reason) };
}

const FAILURE_CODES = {
  failed: 'provider_failed',
  timeout: 'provider_timeout',
  no_output: 'no_output',
  output_refused: 'output_refused',
};

const rejection = ({ message, field }: { message: string; field?: string }) =>
  field ? `${field}: ${message}` : message;

const LONGEST_MESSAGE = 500;

/** Postgres keeps neither NULs nor lone surrogates. */
const storable = (text: string) => text.replaceAll('\0', '').slice(0, LONGEST_MESSAGE).toWellFormed();
