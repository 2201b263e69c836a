import { type Case, invalidJob, JOB } from './case.ts';

/** JSON texts of what is no number of credits: read as JSON and refused, or no JSON to begin with. */
const AMOUNTS = ['0', '-1', '-0', '1.5', '"1e3"', '9007199254740992', '9223372036854775808', '1e300', 'null', 'true'];
const NO_JSON = ['NaN', 'Infinity', '-Infinity', '1e999', '0x10', '01', '1_000', '+1'];
const money = { 'idempotency-key': 'bad-amount' };

function amountCases(text: string, refusal: { status: number; code: string; field?: string }): Case[] {
  return [
    {
      ...refusal,
      name: `a grant of ${text}`,
      request: ({ stack, stranger }) => ({
        path: '/v1/credits/grants',
        key: stack.admin_api_key,
        headers: money,
        body: `{"account_id": "${stranger.account_id}", "credits": ${text}, "kind": "promo", "reason": "r"}`,
      }),
    },
    {
      ...refusal,
      name: `a refund of ${text}`,
      request: ({ stack, jobId }) => ({
        path: `/v1/jobs/${jobId}/refund`,
        key: stack.admin_api_key,
        headers: money,
        body: `{"credits": ${text}, "reason": "r"}`,
      }),
    },
  ];
}

const grant = (name: string, change: object, headers: Record<string, string>, field: string): Case => ({
  name,
  field,
  status: 422,
  code: 'invalid_input',
  request: ({ stack, stranger }) => ({
    path: '/v1/credits/grants',
    key: stack.admin_api_key,
    headers,
    body: { account_id: stranger.account_id, credits: 5, kind: 'promo', reason: 'r', ...change },
  }),
});

const numbers = (field: string, values: unknown[]) =>
  values.map((value) => invalidJob(`${field}: ${JSON.stringify(value)}`, field, { ...JOB, [field]: value }));

export const amounts: Case[] = [
  ...AMOUNTS.flatMap((text) => amountCases(text, { status: 422, code: 'invalid_input', field: 'credits' })),
  ...NO_JSON.flatMap((text) => amountCases(text, { status: 400, code: 'invalid_json' })),
  grant('a grant without an Idempotency-Key', {}, {}, 'Idempotency-Key'),
  grant('a grant of another kind', { kind: 'gift' }, money, 'kind'),
  grant('a grant without a reason', { reason: ' ' }, money, 'reason'),
  grant('a grant to what is no account', { account_id: 'acct_1' }, money, 'account_id'),
  {
    name: 'more back than was charged',
    status: 422,
    code: 'invalid_input',
    request: ({ stack, jobId }) => ({
      path: `/v1/jobs/${jobId}/refund`,
      key: stack.admin_api_key,
      headers: { 'idempotency-key': 'too-much' },
      body: { credits: 1_000_000, reason: 'r' },
    }),
  },
  ...numbers('count', [0, 11, 1.5, -1, '1', 2 ** 53, null]),
  ...numbers('deadline_seconds', [0, 4, 86_401, 60.5, -60, '60', null]),
  invalidJob('max_credits: -1', 'routing.max_credits', { ...JOB, routing: { max_credits: -1 } }),
];
