export const LONG = 'x'.repeat(8_000);

/** In the place of one part of a path, as it is sent. None names anything. */
export const SEGMENTS = [
  ...['x', '0', '-1', '*', 'null', 'undefined', '__proto__', 'constructor', '%20', '%00', 'a%00b'],
  ...['..%2f..%2fetc%2fpasswd', '%2e%2e%2f', '%252e%252e%252f', '..%5c..%5c', '..', '.', '%2F', 'a%2Fb', ''],
  ...['%', '%zz', '%E0%A4%A', '%ED%A0%80', '%C0%AF', '%F0%9F%92%A9', '%EF%BF%BF', "1'%20or%20'1'='1", ';x=y'],
  ...['job_0', `job_${'0'.repeat(33)}`, `job_${'G'.repeat(32)}`, `JOB_${'0'.repeat(32)}`, `job_${'0'.repeat(32)}%0a`],
  ...['00000000-0000-0000-0000-000000000000', LONG],
];

/** In the place of one parameter's value, as it is sent. */
export const QUERY_VALUES = [
  ...['', '0', '-1', '1.5', '1e3', '0x10', '201', '9999999999', '9223372036854775808', '9999999999999999999', 'NaN'],
  ...['%00', 'a%00b', '%ED%A0%80', '%FF', '%', '%zz', '%0d%0aset-cookie:%20a=b', '%F0%9F%92%A9', LONG],
  ...[
    "'%20or%201=1--",
    "';drop%20table%20darkroom.jobs;--",
    '%25',
    '_',
    '%5c',
    'null',
    'undefined',
    'true',
    'me',
    '[]',
  ],
  ...[
    '9999-12-31T23:59:59Z',
    '0001-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    '%2B275760-09-13T00:00:00Z',
  ],
  ...['2026-01-01T00:00:00%2B14:00', '2026-01-01T00:00:00.123456789123Z', '1970-01-01T00:00:00Z', 'infinity', 'now'],
  ...[
    '{{foreign:acct}}',
    '{{foreign:proj}}',
    '{{foreign:org}}',
    '{{foreign:job}}',
    '{{foreign:key}}',
    '{{foreign:user}}',
  ],
  ...[
    '{{unknown:acct}}',
    '{{unknown:job}}',
    '{{unknown:key}}',
    '{{unknown:evt}}',
    '{{unknown:proj}}',
    '{{foreign:evt}}',
  ],
];

type HeaderSet = { name: string; headers: Record<string, string>; of?: 'body'; refused: boolean };

const sets = (of: 'body' | undefined, refused: boolean, header: string, values: string[]): HeaderSet[] =>
  values.map((value) => ({ name: `${header}: ${value.slice(0, 40)}`, headers: { [header]: value }, of, refused }));

const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'image/png', ''];
const MORE_TYPES = [
  'application/json; charset=latin1',
  'application/json; charset=utf-16',
  'application/jsonp',
  'json',
];

export const HEADERS: HeaderSet[] = [
  ...sets('body', true, 'content-type', [...TYPES, ...MORE_TYPES, 'application/json-patch+json']),
  ...sets('body', false, 'content-type', [
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
    'application/json;;',
  ]),
  ...sets(undefined, true, 'idempotency-key', ['', 'k'.repeat(256), 'k'.repeat(10_000), 'caf\u00e9', 'a\tb', '\u0080']),
  ...sets(undefined, false, 'idempotency-key', ['k', ' k ', "';--", 'k'.repeat(255), '{{fresh}}']),
  ...sets(undefined, false, 'if-match', [
    '*',
    'W/"1"',
    '"1',
    '"99999999999999999999"',
    '"-1"',
    'x',
    '"1", "2"',
    '\u00e9',
  ]),
  ...sets(undefined, false, 'accept', ['text/html', 'application/xml;q=0', '*/*;q=nonsense', 'image/*, */*;q=0', '']),
  ...sets(undefined, false, 'last-event-id', ['x', '-1', '0', '1e9', '99999999999999999999', '\u00e9', LONG]),
  ...sets(undefined, false, 'prefer', [
    'wait=-1',
    'wait=abc',
    'wait=0',
    'respond-async; wait',
    'wait=1;wait=2',
    '\u00e9',
  ]),
  ...sets(undefined, false, 'origin', ['https://elsewhere.test', 'null']),
  ...sets(undefined, false, 'x-http-method-override', ['DELETE']),
  ...sets(undefined, false, 'x-forwarded-host', ['elsewhere.test']),
  ...sets(undefined, false, 'x-request-id', ['req_mine', 'a\u00e9']),
  ...sets(undefined, false, 'range', ['bytes=0-0', 'bytes=9-1']),
  ...sets(undefined, false, 'cookie', [LONG]),
  ...sets(undefined, false, 'accept-encoding', ['br', 'nonsense']),
  ...sets(undefined, false, 'if-none-match', ['*']),
];

/** Others than these never reach a Worker: the server in front of it answers them. */
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'SEARCH', 'MKCOL', 'PURGE'];
