import { gatewayError, isGatewayError } from '../support/gateway.ts';
import type { Problem } from '../support/schema.ts';

const PLAIN: Record<number, [title: string, detail: string]> = {
  400: ['Bad Request', 'The request body is not valid JSON.'],
  401: ['Unauthenticated', 'You did not pass a valid authentication token'],
  402: [
    'Insufficient credit',
    'You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase credit. Once you purchase credit, please wait a few minutes before trying again.',
  ],
  403: ['Forbidden', 'You do not have permission to perform this action.'],
  404: ['Not Found', 'The requested resource could not be found.'],
  500: ['Internal Server Error', 'Internal server error'],
  503: ['Service Unavailable', 'The service is temporarily unavailable. Please try again later.'],
};

/** An error as Replicate words it: `{title, detail, status}` as problem JSON. */
export function problem(
  status: number,
  title?: string,
  detail?: string,
  extra: Record<string, unknown> = {},
): Response {
  const [plainTitle, plainDetail] = PLAIN[status] ?? ['Error', 'The request could not be handled.'];
  const body = { title: title ?? plainTitle, detail: detail ?? plainDetail, status, ...extra };
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json' } });
}

/** Answers a fault by its status; `429-bare` comes without a hint when to try again. */
export function refusal(fault: string): Response {
  const status = Number.parseInt(fault, 10);
  if (isGatewayError(status)) return gatewayError(status);
  if (status === 422) return invalidInput([{ kind: 'unknown', path: ['prompt'], value: '#reject' }]);
  if (status !== 429) return problem(status);
  const detail = 'Request was throttled. Your rate limit resets in ~1s.';
  const response = problem(429, 'Too Many Requests', detail);
  if (!fault.endsWith('-bare')) response.headers.set('retry-after', '1');
  return response;
}

export const invalidVersion = () =>
  problem(
    422,
    'Invalid version or not permitted',
    'The specified version does not exist (or perhaps you don’t have permission to use it?)',
  );

/** 422 in the wording of the vendor's JSON Schema validator, one line and one `invalid_fields` entry a violation. */
export function invalidInput(problems: Problem[], root = 'input'): Response {
  const invalid_fields = problems.map((found) => describe(found, root));
  const detail = invalid_fields.map(({ field, description }) => `- ${field}: ${description}\n`).join('');
  return problem(422, 'Input validation failed', detail, { invalid_fields });
}

function describe(found: Problem, root: string): { type: string; field: string; description: string } {
  const [name = ''] = found.path;
  const field = [root, ...found.path].join('.');
  if (found.kind === 'required') return { type: 'required', field: root, description: `${name} is required` };
  if (found.kind === 'unknown') {
    const description = `Additional property ${name} is not allowed`;
    return { type: 'additional_property_not_allowed', field: root, description };
  }
  if (found.kind === 'uri') return { type: 'format', field, description: "Does not match format 'uri'" };
  if (found.kind === 'type')
    return {
      type: 'invalid_type',
      field,
      description: `Invalid type. Expected: ${found.expected}, given: ${found.given}`,
    };
  if (found.kind === 'enum') {
    const allowed = found.allowed.map((value) => JSON.stringify(value)).join(', ');
    return { type: 'enum', field, description: `${field} must be one of the following: ${allowed}` };
  }
  const bound = found.kind === 'minimum' ? 'greater' : 'less';
  const type = found.kind === 'minimum' ? 'number_gte' : 'number_lte';
  return { type, field, description: `Must be ${bound} than or equal to ${found.limit}` };
}
