import { gatewayError, isGatewayError } from '../support/gateway.ts';
import type { Problem } from '../support/schema.ts';

/** An error of a model (`detail` a list) or of fal itself (`detail` a text), with its status. */
export type FalError = { status: number; body: { detail: unknown; error_type?: string } };

const LOCKED = 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.';

/** fal has no 402: an account without balance is locked, and a locked account gets 403. */
const PLAIN: Record<string, FalError> = {
  '401': { status: 401, body: { detail: 'No user found for Key ID and Secret' } },
  '402': { status: 403, body: { detail: LOCKED } },
  '403': { status: 403, body: { detail: 'Access denied.' } },
  '404': { status: 404, body: { detail: 'Not Found' } },
  '429': { status: 429, body: { detail: 'Rate limit exceeded. Too many concurrent requests.' } },
  '500': { status: 500, body: { detail: 'Internal server error', error_type: 'internal_error' } },
  '503': { status: 503, body: { detail: 'No runner available', error_type: 'runner_scheduling_failure' } },
};

export function respond({ status, body }: FalError, headers: Record<string, string> = {}): Response {
  const type = body.error_type ? { 'x-fal-error-type': body.error_type } : undefined;
  return Response.json(body, { status, headers: { ...type, ...headers } });
}

export const detail = (status: number, text: string) => respond({ status, body: { detail: text } });

/** Answers a fault by its status; `429-bare` comes without a hint when to try again. */
export function refusal(fault: string): Response {
  const status = Number.parseInt(fault, 10);
  if (isGatewayError(status)) return gatewayError(status);
  if (status === 422) return respond(rejected());
  const error = PLAIN[String(status)] ?? { status, body: { detail: 'The request could not be handled.' } };
  return respond(error, fault === '429' ? { 'retry-after': '1' } : {});
}

/** 422 in the wording of the vendor's validator, one entry a violation. */
export function invalidInput(problems: Problem[]): FalError {
  const entries = problems.map((problem) => ({
    loc: ['body', ...problem.path],
    ...describe(problem),
    input: problem.value,
  }));
  return { status: 422, body: { detail: entries } };
}

export const rejected = (): FalError =>
  modelError(422, 'value_error', 'Value error, the model does not take this prompt.');

export const moderated = (): FalError =>
  modelError(
    422,
    'content_policy_violation',
    'The content could not be processed because it contained material flagged by a content checker.',
  );

export const failed = (): FalError => modelError(500, 'internal_server_error', 'The model failed to produce a result.');

export const canceled = (): FalError => ({
  status: 499,
  body: { detail: 'Request was cancelled by the client', error_type: 'client_cancelled' },
});

function modelError(status: number, type: string, msg: string): FalError {
  const url = `https://docs.fal.ai/errors#${type}`;
  return { status, body: { detail: [{ loc: ['body', 'prompt'], msg, type, url }] } };
}

function describe(problem: Problem): { msg: string; type: string } {
  switch (problem.kind) {
    case 'required':
      return { msg: 'Field required', type: 'missing' };
    case 'unknown':
      return { msg: 'Extra inputs are not permitted', type: 'extra_forbidden' };
    case 'uri':
      return { msg: 'Input should be a valid URL', type: 'url_parsing' };
    case 'type':
      return { msg: `Input should be a valid ${problem.expected}`, type: `${problem.expected}_type` };
    case 'enum': {
      const allowed = problem.allowed.map((value) => `'${value}'`).join(', ');
      return { msg: `Input should be ${allowed}`, type: 'literal_error' };
    }
    case 'minimum':
      return { msg: `Input should be greater than or equal to ${problem.limit}`, type: 'greater_than_equal' };
    case 'maximum':
      return { msg: `Input should be less than or equal to ${problem.limit}`, type: 'less_than_equal' };
  }
}
