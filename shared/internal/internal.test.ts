import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { problemOnError } from '../http/problems.ts';
import { silent } from '../log/log.ts';
import { encodeSecret } from '../signatures/secret.ts';
import { createPostSigned } from './post-signed.ts';
import { type SignedVariables, signedOnly } from './signed-only.ts';

const secret = encodeSecret(new Uint8Array(32).fill(7));
const NOW = Date.parse('2026-11-21T12:00:00Z');

function receiver(now = NOW) {
  const seen: { id: string; body: string }[] = [];
  const app = new Hono<{ Variables: SignedVariables }>();
  app.onError(problemOnError({ origin: 'https://darkroom.test', log: silent }));
  app.use('/internal/*', signedOnly({ secret, now: () => now }));
  app.post('/internal/x', (c) => {
    const { id, body } = c.var.message;
    seen.push({ id, body: new TextDecoder().decode(body) });
    return c.json({});
  });
  return { app, seen };
}

/** A sender whose requests end up in the app, changed on the way if need be. */
function sender(
  app: Hono<{ Variables: SignedVariables }>,
  { now = NOW, tamper = (r: Request) => r, with_ = secret } = {},
) {
  return createPostSigned({
    origin: 'https://darkroom.test',
    secret: with_,
    now: () => now,
    fetch: async (url, init) => app.request(tamper(new Request(url as string, init))),
  });
}

const message = { id: 'cb_att_1_failed', body: { a: 1 } };

test('what one Worker signs, another reads as it was signed', async () => {
  const { app, seen } = receiver();
  expect(await sender(app)('/internal/x', message)).toEqual({ status: 200 });
  expect(seen).toEqual([{ id: 'cb_att_1_failed', body: '{"a":1}' }]);
});

test.each([
  [-121, 401],
  [-120, 200],
  [-119, 200],
  [119, 200],
  [120, 200],
  [121, 401],
])('a signature made %i seconds from now is answered %i', async (seconds, status) => {
  const { app, seen } = receiver();
  expect(await sender(app, { now: NOW + seconds * 1000 })('/internal/x', message)).toEqual({ status });
  expect(seen).toHaveLength(status === 200 ? 1 : 0);
});

describe('401 and nothing else for', () => {
  const header = (name: string, value: string) => (request: Request) => {
    const headers = new Headers(request.headers);
    headers.set(name, value);
    return new Request(request, { headers });
  };
  const cases: [string, (request: Request) => Request][] = [
    ['no signature', (r) => new Request(r, { headers: {} })],
    ['another body', (r) => new Request(r, { body: '{"a":2}' })],
    ['another id', header('webhook-id', 'cb_att_2_failed')],
    ['another timestamp', header('webhook-timestamp', String(NOW / 1000 + 1))],
    ['an empty signature', header('webhook-signature', 'v1,')],
    ['a signature of another version', header('webhook-signature', 'v2,AAAA')],
    ['a timestamp with a tail', header('webhook-timestamp', `${NOW / 1000}junk`)],
    ['a body beyond the limit', (r) => new Request(r, { body: 'x'.repeat(65_537) })],
  ];
  test.each(cases)('%s', async (_name, tamper) => {
    const { app, seen } = receiver();
    expect(await sender(app, { tamper })('/internal/x', message)).toEqual({ status: 401 });
    expect(seen).toEqual([]);
  });

  test('another secret', async () => {
    const { app } = receiver();
    const with_ = encodeSecret(new Uint8Array(32).fill(8));
    expect(await sender(app, { with_ })('/internal/x', message)).toEqual({ status: 401 });
  });

  test('an unknown path, and the answer is a problem that says no more', async () => {
    const response = await receiver().app.request('/internal/unknown', { method: 'POST' });
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
  });
});

test('a sender that reaches nobody says so', async () => {
  const post = createPostSigned({
    origin: 'https://darkroom.test',
    secret,
    now: () => NOW,
    fetch: () => Promise.reject(new Error('down')),
  });
  expect(await post('/internal/x', message)).toEqual({ status: 0 });
});
