import type { Case, Given } from './case.ts';
import { JOB } from './case.ts';

const IDS = [
  'x',
  'job_1',
  `job_${'0'.repeat(33)}`,
  `job_${'G'.repeat(32)}`,
  `acct_${'0'.repeat(32)}`,
  '..%2f..%2fetc',
  '%00',
];
const MORE_IDS = ['%E0%A4%A', "job_1'%20or%201=1", `JOB_${'0'.repeat(32)}`, `job_${'0'.repeat(32)}`];

/** How an id in a path is used, so that one that names nothing is 404. */
const USES: [method: string, rest: string][] = [
  ['GET', ''],
  ['DELETE', ''],
  ['POST', '/cancel'],
  ['POST', '/approve'],
  ['GET', '/timeline'],
  ['GET', '/events?token=t'],
];

const QUERIES = [
  ...['limit=0', 'limit=201', 'limit=-1', 'limit=1.5', 'limit=1e2', 'limit=', 'limit=1&limit=2', 'limit=0x1'],
  ...['cursor=%00', "cursor=job_1'--", 'status=done', 'from=yesterday', 'from=1700000000', 'from=1700000000000'],
  ...['from=0000-01-01T00:00:00Z', 'to=2026-13-01T00:00:00Z', 'to=-1', 'from=2026-01-01', 'project_id=1', 'sort=asc'],
];

const METHODS: [method: string, path: string, allow: string][] = [
  ['PUT', '/v1/jobs', 'GET, HEAD, POST'],
  ['PATCH', '/v1/jobs/x', 'DELETE'],
  ['DELETE', '/v1/credits', 'GET'],
  ['GET', '/v1/quotes', 'POST'],
  ['GET', '/v1/batches', 'POST'],
  ['GET', '/v1/jobs/x/cancel', 'POST'],
  ['POST', '/openapi.json', 'GET'],
  ['POST', '/v1/webhooks/default/secret', 'GET'],
  ['DELETE', '/v1/webhook-deliveries', 'GET'],
];

const UNKNOWN: [method: string, path: string][] = [
  ['GET', '/v1/nothing'],
  ['GET', '/'],
  ['GET', '/v1'],
  ['POST', '/v1/jobs/x/y/z'],
  ['GET', '/v1/Jobs'],
  ['GET', '/v1/webhooks/other'],
  ['GET', '/v1/webhook-deliveries/evt_1'],
  ['GET', '/docs/../../etc/passwd'],
  ['GET', '/docs/other.js'],
];

const invalid = { status: 422, code: 'invalid_input' };
const absent = { status: 404, code: 'not_found' };
const foreign = (name: string, request: Case['request']): Case => ({ ...absent, name, request });

export const paths: Case[] = [
  ...[...IDS, ...MORE_IDS].flatMap((id) =>
    USES.map(([method, rest]) =>
      foreign(`${method} /v1/jobs/${id}${rest}`, () => ({ method, path: `/v1/jobs/${id}${rest}` })),
    ),
  ),
  ...QUERIES.map((query) => ({
    ...invalid,
    name: `GET /v1/jobs?${query}`,
    field: query.split('=')[0],
    request: () => ({ path: `/v1/jobs?${query}` }),
  })),
  ...['cursor=1', 'cursor=a.b', 'cursor=99999999999999999999.0', 'limit=x', 'account_id=me'].map((query) => ({
    ...invalid,
    name: `GET /v1/credits/entries?${query}`,
    request: () => ({ path: `/v1/credits/entries?${query}` }),
  })),
  ...METHODS.map(([method, path, allow]) => ({
    name: `${method} ${path}, which takes ${allow}`,
    status: 405,
    code: 'method_not_allowed',
    request: () => ({ method, path }),
  })),
  ...UNKNOWN.map(([method, path]) => ({ ...absent, name: `${method} ${path}`, request: () => ({ method, path }) })),
  ...USES.map(([method, rest]) =>
    foreign(`somebody else’s job: ${method} ${rest}`, ({ stranger }: Given) => ({
      method,
      path: `/v1/jobs/${stranger.jobId}${rest}`,
    })),
  ),
  foreign('the events of a job under another token', ({ eventsUrl }) => ({
    key: null,
    path: `${new URL(eventsUrl).pathname}?token=${'0'.repeat(64)}`,
  })),
  { ...invalid, name: 'an empty token', request: ({ jobId }) => ({ path: `/v1/jobs/${jobId}/events?token=` }) },
  foreign('somebody else’s account', ({ stranger }) => ({
    path: '/v1/jobs',
    body: { ...JOB, account_id: stranger.account_id },
  })),
  foreign('a project that is none', () => ({
    path: '/v1/jobs',
    body: { ...JOB, project_id: `proj_${'0'.repeat(32)}` },
  })),
  foreign('a quote that is none', () => ({ path: '/v1/jobs', body: { ...JOB, quote_id: `qt_${'0'.repeat(32)}` } })),
  foreign('somebody else’s balance', ({ stranger }) => ({ path: `/v1/credits?account_id=${stranger.account_id}` })),
];
