import type { Case, Sent } from './case.ts';
import { JOB, submit } from './case.ts';

const bytes = (...parts: (string | number[])[]) =>
  new Blob(parts.map((part) => (typeof part === 'string' ? part : new Uint8Array(part))));

const deep = (depth: number) => `{"model":"flux-dev","input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;

const NO_JSON: Record<string, string | Blob> = {
  'repeated keys': '{"model":"flux-dev","model":"flux-dev","input":{"prompt":"x"}}',
  'repeated keys, one of them escaped': '{"model":"flux-dev","\\u006dodel":"flux-dev","input":{"prompt":"x"}}',
  __proto__: '{"model":"flux-dev","input":{"prompt":"x"},"__proto__":{"admin":true}}',
  '__proto__ in the input': '{"model":"flux-dev","input":{"prompt":"x","__proto__":1}}',
  'a depth of 10,000': deep(10_000),
  'a depth of 100': deep(100),
  'a byte order mark': bytes([0xef, 0xbb, 0xbf], JSON.stringify(JOB)),
  'invalid UTF-8': bytes('{"model":"', [0xff, 0xfe], '"}'),
  'an overlong slash': bytes('{"model":"', [0xc0, 0xaf], '"}'),
  'UTF-16': bytes([0xff, 0xfe], [...Buffer.from(JSON.stringify(JOB), 'utf16le')]),
  'trailing bytes': `${JSON.stringify(JOB)} {}`,
  'a trailing NUL': bytes(JSON.stringify(JOB), [0]),
  'two values': `${JSON.stringify(JOB)}${JSON.stringify(JOB)}`,
  'NUL in a text': '{"model":"flux-dev","input":{"prompt":"a\\u0000b"}}',
  'a lone surrogate': '{"model":"flux-dev","input":{"prompt":"\\ud800"}}',
  'a comment': '{"model":"flux-dev" /* the best */}',
  'a form': 'model=flux-dev',
  'half of it': JSON.stringify(JOB).slice(0, -3),
};

const KEYS: Record<string, string> = {
  empty: '',
  '256 characters': 'k'.repeat(256),
  '10 kB': 'k'.repeat(10_000),
  'not ASCII': 'caf\u00e9',
  'a control character': 'a\tb',
};

const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
const MORE_TYPES = [
  'application/json; charset=latin1',
  'application/jsonp',
  'application/json-patch+json',
  'image/png',
];

const large: Sent = submit({ ...JOB, metadata: { a: 'x'.repeat(6_000_000) } });

export const bodies: Case[] = [
  ...Object.entries(NO_JSON).map(([name, body]) => ({
    name: `a body with ${name}`,
    status: 400,
    code: 'invalid_json',
    request: () => submit(body),
  })),
  ...['null', '[]', '"text"', '1', 'true'].map((body) => ({
    name: `${body} as a body`,
    status: 422,
    code: 'invalid_input',
    request: () => submit(body),
  })),
  ...Object.entries(KEYS).map(([name, key]) => ({
    name: `an Idempotency-Key: ${name}`,
    status: 422,
    code: 'invalid_input',
    field: 'Idempotency-Key',
    request: () => submit(JOB, { 'idempotency-key': key }),
  })),
  ...[...TYPES, ...MORE_TYPES].map((type) => ({
    name: `a body of ${type}`,
    status: 415,
    code: 'unsupported_media_type',
    request: () => submit(JOB, { 'content-type': type }),
  })),
  { name: 'a body of 6 MB', status: 413, code: 'payload_too_large', request: () => large },
  {
    name: 'a batch of 6 MB',
    status: 413,
    code: 'payload_too_large',
    request: () => ({ path: '/v1/batches', body: { jobs: [large.body] } }),
  },
  {
    name: 'a body where none belongs',
    status: 422,
    code: 'invalid_input',
    field: 'force',
    request: ({ jobId }) => ({ path: `/v1/jobs/${jobId}/cancel`, body: { force: true } }),
  },
];
