import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode, isErrorCode } from './codes.ts';
import { Problem, problem, problemHeaders } from './problem.ts';

const context = { origin: 'https://darkroom.test', requestId: 'req_1' };
const codes = Object.keys(ERRORS) as ErrorCode[];

describe.each(codes)('%s', (code) => {
  test('is a problem that links to its entry', () => {
    const body = problem({ code }, context);
    expect(Problem().parse(body)).toEqual(body);
    expect(body.type).toBe(`https://darkroom.test/docs/errors#${code}`);
  });

  test('has an entry on the page, with the status and the advice of the table', () => {
    const page = readFileSync('docs/errors.md', 'utf8');
    const entry = page.split('\n### ').find((part) => part.startsWith(`${code}\n`));
    expect(entry).toContain(`${ERRORS[code].status}`);
    expect(entry).toContain(ERRORS[code].docs);
  });
});

test('extras pass, what is private does not, and nothing overrides the fixed members', () => {
  const body = problem(
    { code: 'insufficient_credits', available: 3, required: 5, status: 200, ambiguous: true },
    context,
  );
  expect(body).toMatchObject({ available: 3, required: 5, status: 402 });
  expect(body).not.toHaveProperty('ambiguous');
});

test('what is wrong in the request is said in a sentence, unless it says more by itself', () => {
  const errors = [
    { path: 'routing.order[0]', message: 'There is no such provider' },
    { path: 'count', message: 'Must be a whole number' },
  ];
  const detailOf = (more: object) => problem({ code: 'invalid_input', ...more }, context).detail;
  expect(detailOf({ errors })).toBe('`routing.order[0]`: There is no such provider (and 1 more)');
  expect(detailOf({ errors: [{ path: '', message: 'Must change something' }] })).toBe('Must change something');
  expect(detailOf({ errors, detail: 'No route can do this.' })).toBe('No route can do this.');
  expect(detailOf({ errors: [] })).toBe(ERRORS.invalid_input.docs);
});

test('an internal error says nothing of its cause', () => {
  const body = problem({ code: 'internal_error', detail: 'relation does not exist', sqlstate: '42P01' }, context);
  expect(body.detail).toBe(ERRORS.internal_error.docs);
  expect(body).not.toHaveProperty('sqlstate');
});

test('429 and 503 say when to come back, others do not', () => {
  expect(problemHeaders({ code: 'limit_reached' })).toHaveProperty('retry-after', '1');
  expect(problemHeaders({ code: 'unavailable', retry_after: 30 })).toHaveProperty('retry-after', '30');
  expect(problemHeaders({ code: 'not_found' })).not.toHaveProperty('retry-after');
});

test('a limit that was reached is named in the headers', () => {
  const headers = problemHeaders({ code: 'rate_limited', limit: 60, retry_after: 7 });
  expect(headers).toMatchObject({ 'ratelimit-policy': '"requests";q=60;w=60', ratelimit: '"requests";r=0;t=7' });
});

test('a refusal that was stored is marked as a replay', () => {
  expect(problemHeaders({ code: 'insufficient_credits', replayed: true })).toHaveProperty(
    'idempotency-replayed',
    'true',
  );
  expect(problemHeaders({ code: 'insufficient_credits' })).not.toHaveProperty('idempotency-replayed');
});

test('only own names are codes', () => {
  expect(isErrorCode('not_found')).toBe(true);
  expect(isErrorCode('constructor')).toBe(false);
});
