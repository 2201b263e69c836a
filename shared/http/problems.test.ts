import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { refuse } from '../errors/result.ts';
import { problemNotFound, problemOnError } from './problems.ts';
import { type RequestIdVariables, requestId } from './request-id.ts';

const lines: unknown[] = [];

function app() {
  const app = new Hono<{ Variables: RequestIdVariables }>();
  app.use(requestId);
  app.get('/thing', (c) => c.text('here'));
  app.post('/thing', () => refuse({ code: 'rate_limited', retry_after: 2.2 }));
  app.delete('/thing/:id', () => {
    throw new Error('password is hunter2');
  });
  app.onError(problemOnError({ origin: 'https://darkroom.test', log: (...line) => lines.push(line) }));
  problemNotFound(app, 'https://darkroom.test');
  return app;
}

test('every answer carries a request id, and a problem repeats it', async () => {
  const fine = await app().request('/thing', { headers: { 'x-request-id': 'mine' } });
  expect(fine.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  const refusal = await app().request('/thing', { method: 'POST' });
  expect(refusal.status).toBe(429);
  expect(refusal.headers.get('retry-after')).toBe('3');
  expect(refusal.headers.get('content-type')).toBe('application/problem+json');
  expect(((await refusal.json()) as { request_id: string }).request_id).toBe(refusal.headers.get('x-request-id'));
});

test('an unknown error says one fixed sentence, and the log what happened', async () => {
  const response = await app().request('/thing/1', { method: 'DELETE' });
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('hunter2');
  expect(lines).toHaveLength(1);
});

test('404 for unknown paths, 405 with Allow for unknown methods', async () => {
  expect((await app().request('/other')).status).toBe(404);
  const response = await app().request('/thing', { method: 'PUT' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  expect((await app().request('/thing', { method: 'HEAD' })).status).toBe(200);
});
