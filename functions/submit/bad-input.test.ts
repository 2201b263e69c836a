import { describe, expect, test } from 'vitest';
import { mintSecret } from '../../shared/auth/secrets.ts';
import type { FieldError } from '../../shared/errors/result.ts';
import { ACCOUNT_ID, API_KEY, fakeApp, JOB_ID } from './testing/fakes.ts';

type Problem = { code: string; status: number; type: string; request_id: string; errors?: FieldError[] };
type Init = Parameters<ReturnType<typeof fakeApp>['call']>[1];

/** Sends it, and makes sure that it is a problem and that the database heard nothing of it. */
async function refusal(path: string, init: Init): Promise<Problem> {
  const { call, calls } = fakeApp();
  const response = await call(path, init);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  expect(problem.request_id).toBe(response.headers.get('x-request-id'));
  expect(calls).toEqual([]);
  return problem;
}

const job = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
const grant = { account_id: ACCOUNT_ID, credits: 10, kind: 'promo', reason: 'a reason' };
const money = { headers: { 'idempotency-key': 'k1' } };

const AMOUNTS: [string, string][] = [
  ['0', '0'],
  ['−1', '-1'],
  ['1.5', '1.5'],
  ['"1e3"', '"1e3"'],
  ['2^53', '9007199254740992'],
  ['2^53 + 1', '9007199254740993'],
  ['2^63', '9223372036854775808'],
  ['1e300', '1e300'],
  ['null', 'null'],
  ['true', 'true'],
  ['[1]', '[1]'],
];

describe('amounts', () => {
  test.each(AMOUNTS)('a grant of %s', async (_name, credits) => {
    const raw = JSON.stringify(grant).replace('"credits":10', `"credits":${credits}`);
    expect(await refusal('/v1/credits/grants', { ...money, raw })).toMatchObject({
      code: 'invalid_input',
      errors: [{ path: 'credits', message: 'Must be a whole number of credits from 1 to 1000000000000' }],
    });
  });

  test.each(AMOUNTS)('a refund of %s', async (_name, credits) => {
    const raw = `{"credits":${credits},"reason":"r"}`;
    expect(await refusal(`/v1/jobs/${JOB_ID}/refund`, { ...money, raw })).toMatchObject({ code: 'invalid_input' });
  });

  test.each(['NaN', 'Infinity', '-Infinity', '1e999', '0x10', '01', '1_000'])(
    '%s is no JSON number',
    async (credits) => {
      const raw = `{"credits":${credits},"reason":"r"}`;
      expect(await refusal(`/v1/jobs/${JOB_ID}/refund`, { ...money, raw })).toMatchObject({
        code: 'invalid_json',
        status: 400,
      });
    },
  );

  test.each([0, 11, 1.5, -1, '1', 2 ** 53, null])('a count of %j', async (count) => {
    expect(await refusal('/v1/jobs', { body: { ...job, count } })).toMatchObject({ errors: [{ path: 'count' }] });
  });

  test.each([0, 4, 86_401, 60.5, -60, '60', null])('a deadline of %j', async (deadline_seconds) => {
    expect(await refusal('/v1/jobs', { body: { ...job, deadline_seconds } })).toMatchObject({
      errors: [{ path: 'deadline_seconds' }],
    });
  });
});

describe('idempotency keys', () => {
  test.each([
    ['empty', ''],
    ['10 kB', 'k'.repeat(10_000)],
    ['256 characters', 'k'.repeat(256)],
    ['not ASCII', 'caf\u00e9'],
    ['a control character', 'a\tb'],
  ])('%s', async (_name, key) => {
    const problem = await refusal('/v1/jobs', { body: job, headers: { 'idempotency-key': key } });
    expect(problem).toMatchObject({ code: 'invalid_input', errors: [{ path: 'Idempotency-Key' }] });
  });

  test.each([
    ['/v1/credits/grants', grant],
    [`/v1/jobs/${JOB_ID}/refund`, { credits: 1, reason: 'r' }],
  ])('missing at %s, where money moves', async (path, body) => {
    expect(await refusal(path, { body })).toMatchObject({ status: 422, errors: [{ path: 'Idempotency-Key' }] });
  });
});

describe('JSON', () => {
  const bytes = (...parts: (string | number[])[]) =>
    new Blob(parts.map((part) => (typeof part === 'string' ? part : new Uint8Array(part))));

  test.each<[string, BodyInit]>([
    ['repeated keys', '{"model":"flux-dev","model":"flux-dev","input":{"prompt":"x"}}'],
    ['__proto__', '{"model":"flux-dev","input":{"prompt":"x"},"__proto__":{"a":1}}'],
    ['__proto__ in the input', '{"model":"flux-dev","input":{"prompt":"x","__proto__":1}}'],
    ['depth 10,000', `{"model":"flux-dev","input":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`],
    ['a byte order mark', bytes([0xef, 0xbb, 0xbf], JSON.stringify(job))],
    ['invalid UTF-8', bytes('{"model":"', [0xff, 0xfe], '"}')],
    ['an overlong slash', bytes('{"model":"', [0xc0, 0xaf], '"}')],
    ['trailing bytes', `${JSON.stringify(job)} {}`],
    ['NUL in a text', '{"model":"flux-dev","input":{"prompt":"a\\u0000b"}}'],
    ['a lone surrogate', '{"model":"flux-dev","input":{"prompt":"\\ud800"}}'],
    ['nothing', ''],
    ['a form', 'model=flux-dev'],
  ])('%s', async (_name, raw) => {
    expect(await refusal('/v1/jobs', { raw })).toMatchObject({ code: 'invalid_json', status: 400 });
  });

  test.each(['null', '[]', '"text"', '1', 'true'])('%s is JSON, and no job', async (raw) => {
    expect(await refusal('/v1/jobs', { raw })).toMatchObject({ code: 'invalid_input', status: 422 });
  });

  test('a content type that is not JSON', async () => {
    expect(await refusal('/v1/jobs', { body: job, headers: { 'content-type': 'text/plain' } })).toMatchObject({
      status: 415,
    });
  });

  test('a body that is too large', async () => {
    const body = { ...job, metadata: { a: 'x'.repeat(6_000_000) } };
    expect(await refusal('/v1/jobs', { body })).toMatchObject({ code: 'payload_too_large', status: 413 });
  });

  test('a body where none belongs', async () => {
    expect(await refusal(`/v1/jobs/${JOB_ID}/cancel`, { body: { force: true } })).toMatchObject({
      errors: [{ path: 'force' }],
    });
  });
});

describe('jobs', () => {
  test.each<[string, object, string]>([
    ['an unknown field', { ...job, cuont: 2 }, 'cuont'],
    ['an unknown field of the routing', { ...job, routing: { onyl: ['fal'] } }, 'routing.onyl'],
    ['an unknown input', { ...job, input: { prompt: 'x', promt: 'y' } }, 'input.promt'],
    ['a missing input', { ...job, input: {} }, 'input.prompt'],
    ['no model', { input: { prompt: 'x' } }, 'model'],
    ['no input', { model: 'flux-dev' }, 'input'],
    ['both names of the model', { ...job, module: 'flux-dev' }, 'module'],
    ['both names of the input', { ...job, params: {} }, 'params'],
    ['an unknown model', { ...job, model: 'flux-99' }, 'model'],
    ['a model from Object.prototype', { ...job, model: 'constructor' }, 'model'],
    ['another operation', { ...job, operation: 'video' }, 'operation'],
    ['a preview that the model has not', { ...job, model: 'flux-1.1-pro', preview: true }, 'preview'],
    ['a preview of another kind', { ...job, preview: 'yes' }, 'preview'],
    ['an unknown priority', { ...job, priority: 'urgent' }, 'priority'],
    ['an unknown pool of keys', { ...job, routing: { provider_key: 'vision-none' } }, 'routing.provider_key'],
    ['a pool of keys that is no name', { ...job, metadata: { provider_key: 5 } }, 'metadata.provider_key'],
    ['an order that names nobody', { ...job, routing: { order: ['fal', 'replicat'] } }, 'routing.order[1]'],
    ['a list to ignore that names nobody', { ...job, routing: { ignore: ['replicat'] } }, 'routing.ignore[0]'],
    ['a routing that leaves no route', { ...job, routing: { only: ['elsewhere'] } }, 'routing'],
    ['an id of another kind', { ...job, project_id: JOB_ID }, 'project_id'],
    ['a quote that is no id', { ...job, quote_id: "qt_1' or 1=1" }, 'quote_id'],
    ['an unknown event', { ...job, webhook_events: ['job.done'] }, 'webhook_events[0]'],
    ['metadata of 20 kB', { ...job, metadata: { a: 'x'.repeat(20_000) } }, 'metadata'],
    ['metadata that is a list', { ...job, metadata: [] }, 'metadata'],
  ])('%s', async (_name, body, path) => {
    const problem = await refusal('/v1/jobs', { body });
    expect(problem).toMatchObject({ code: 'invalid_input', status: 422 });
    expect(problem.errors?.map((error) => error.path)).toContain(path);
    expect((await refusal('/v1/quotes', { body })).errors).toEqual(problem.errors);
    const inBatch = await refusal('/v1/batches', { body: { jobs: [job, body] } });
    expect(inBatch.errors?.some((error) => error.path.startsWith('jobs[1].'))).toBe(true);
  });

  test.each<[string, object, string]>([
    ['no jobs', { jobs: [] }, 'jobs'],
    ['101 jobs', { jobs: Array(101).fill(job) }, 'jobs'],
    ['two payers', { jobs: [job, { ...job, account_id: ACCOUNT_ID }] }, 'jobs[1].account_id'],
    ['a quote for one of them', { jobs: [{ ...job, quote_id: `qt_${'0'.repeat(32)}` }] }, 'jobs[0].quote_id'],
    ['an unknown field', { jobs: [job], job }, 'job'],
  ])('a batch with %s', async (_name, body, path) => {
    const problem = await refusal('/v1/batches', { body });
    expect(problem.errors?.map((error) => error.path)).toContain(path);
    expect((await refusal('/v1/quotes', { body })).errors).toEqual(problem.errors);
  });
});

const URLS = [
  'http://example.org/x',
  'ftp://example.org/x',
  'javascript:alert(1)',
  'file:///etc/passwd',
  '//example.org',
  'example.org',
  'https://user:pass@example.org/',
  'https://example.org:8443/',
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[2002:7f00:1::]/',
  'https://[64:ff9b::7f00:1]/',
  'https://localhost/',
  'https://localhost./',
  'https://metadata.google.internal/',
  'https://169.254.169.254/latest/meta-data/',
  'https://darkroom.test/v1/jobs',
  `https://example.org/${'x'.repeat(9_000)}`,
  'https://exa mple.org/',
];

describe('addresses', () => {
  test.each(URLS)('as a webhook: %s', async (webhook_url) => {
    const problem = await refusal('/v1/jobs', { body: { ...job, webhook_url } });
    expect(problem).toMatchObject({ code: 'invalid_input', errors: [{ path: 'webhook_url' }] });
  });

  test.each(URLS)('as an input: %s', async (image_url) => {
    const body = { model: 'flux-kontext-pro', input: { prompt: 'x', image_url } };
    expect(await refusal('/v1/jobs', { body })).toMatchObject({
      code: 'invalid_input',
      errors: [{ path: 'input.image_url' }],
    });
  });

  test.each([
    ['a data URI as a webhook', { ...job, webhook_url: 'data:text/plain,hi' }],
    [
      'a data URI of another medium',
      { model: 'flux-kontext-pro', input: { prompt: 'x', image_url: 'data:text/html;base64,AAAA' } },
    ],
    [
      'an SVG in plain text',
      { model: 'flux-kontext-pro', input: { prompt: 'x', image_url: 'data:image/svg+xml,<svg/>' } },
    ],
    [
      'a data URI above 1 MB',
      {
        model: 'flux-kontext-pro',
        input: { prompt: 'x', image_url: `data:image/png;base64,${'A'.repeat(1_500_000)}` },
      },
    ],
    ['an upload that is none', { model: 'flux-kontext-pro', input: { prompt: 'x', image_url: 'upl_1' } }],
  ])('%s', async (_name, body) => {
    expect(await refusal('/v1/jobs', { body })).toMatchObject({ code: 'invalid_input' });
  });
});

describe('credentials', () => {
  test.each<[string, Init]>([
    ['none', { key: null }],
    ['a typo', { key: `${API_KEY.slice(0, -1)}!` }],
    ['another prefix', { key: API_KEY.replace('dk_live_', 'dk_test_') }],
    ['basic', { key: null, headers: { authorization: 'Basic YTpi' } }],
    ['a token of nobody', { key: null, headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.x' } }],
    ['two of them', { headers: { authorization: `Bearer ${mintSecret('api_key')}` } }],
  ])('%s', async (_name, init) => {
    for (const [path, more] of [
      ['/v1/jobs', { body: job }],
      ['/v1/jobs', {}],
      [`/v1/jobs/${JOB_ID}`, {}],
      [`/v1/jobs/${JOB_ID}`, { method: 'DELETE' }],
      [`/v1/jobs/${JOB_ID}/cancel`, { method: 'POST' }],
      ['/v1/credits/grants', { body: grant }],
      ['/v1/models', {}],
      ['/v1/providers', {}],
    ] as [string, Init][]) {
      expect(await refusal(path, { ...init, ...more })).toMatchObject({ code: 'unauthenticated', status: 401 });
    }
  });
});

describe('paths and queries', () => {
  test.each([
    'x',
    'job_1',
    `job_${'0'.repeat(33)}`,
    `job_${'G'.repeat(32)}`,
    `acct_${'0'.repeat(32)}`,
    '..%2f..%2fetc',
    '%00',
    '%E0%A4%A',
  ])('an id that cannot be one is not found: %s', async (id) => {
    expect(await refusal(`/v1/jobs/${id}`, {})).toMatchObject({ status: 404, code: 'not_found' });
    expect(await refusal(`/v1/jobs/${id}/cancel`, { method: 'POST' })).toMatchObject({ status: 404 });
    expect(await refusal(`/v1/jobs/${id}/events?token=t`, {})).toMatchObject({ status: 404 });
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=1.5',
    'limit=1e2',
    'limit=',
    'limit=1&limit=2',
    'cursor=%00',
    'model=a%00b',
    "cursor=job_1'--",
    'status=done',
    'from=yesterday',
    'from=0000-01-01T00:00:00Z',
    'to=2026-13-01T00:00:00Z',
    'from=1700000000',
    'project_id=1',
    'sort=asc',
  ])('GET /v1/jobs?%s', async (query) => {
    const problem = await refusal(`/v1/jobs?${query}`, {});
    expect(problem).toMatchObject({ status: 422, code: 'invalid_input', errors: [{ path: query.split('=')[0] }] });
  });

  test('a day is no time, and the problem says what is', async () => {
    expect(await refusal('/v1/jobs?from=2026-11-21', {})).toMatchObject({
      errors: [{ path: 'from', message: 'Must be a time such as 2026-11-21T12:00:00Z' }],
    });
  });

  test.each(['cursor=1', 'cursor=a.b', 'cursor=99999999999999999999.0', 'limit=x', 'account_id=me'])(
    'GET /v1/credits/entries?%s',
    async (query) => {
      expect(await refusal(`/v1/credits/entries?${query}`, {})).toMatchObject({ status: 422 });
    },
  );

  test.each<[string, string, number]>([
    ['GET', '/v1/nothing', 404],
    ['GET', '/', 404],
    ['POST', '/v1/jobs/x/y/z', 404],
    ['PUT', '/v1/jobs', 405],
    ['PATCH', `/v1/jobs/${JOB_ID}`, 405],
    ['DELETE', '/v1/credits', 405],
    ['GET', '/v1/quotes', 405],
    ['GET', `/v1/jobs/${JOB_ID}/cancel`, 405],
    ['POST', '/internal/anything', 401],
    ['GET', '/hooks/fal/att_1/token', 401],
  ])('%s %s → %i', async (method, path, status) => {
    expect(await refusal(path, { method })).toMatchObject({ status });
  });
});
