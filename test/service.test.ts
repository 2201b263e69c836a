import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERRORS } from '../shared/errors/codes.ts';
import { api, makeAccount, stack, waitFor } from './stack.ts';
import { APP_ORIGIN } from './stack-values.ts';

describe.concurrent('headers', () => {
  const preflight = (origin: string, path = '/v1/jobs') =>
    fetch(stack().origin + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-api-key,idempotency-key,content-type',
      },
    });

  test('a page of an allowed origin may call, and read the headers that count', async () => {
    const { status, headers } = await preflight(APP_ORIGIN);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, APP_ORIGIN]);
    expect(headers.get('access-control-allow-methods')).toContain('POST');
    for (const name of ['x-api-key', 'authorization', 'idempotency-key', 'content-type', 'prefer', 'last-event-id']) {
      expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain(name);
    }
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const answer = await api('/v1/credits', { headers: { origin: APP_ORIGIN } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP_ORIGIN);
    const exposed = answer.headers.get('access-control-expose-headers')?.toLowerCase();
    for (const name of ['x-request-id', 'ratelimit', 'retry-after', 'location', 'idempotency-replayed']) {
      expect(exposed).toContain(name);
    }
    expect((await api('/v1/nothing', { headers: { origin: APP_ORIGIN } })).headers).toSatisfy((sent: Headers) =>
      sent.has('access-control-allow-origin'),
    );
  });

  test.each([
    'https://evil.example',
    'null',
    `${APP_ORIGIN}.evil.example`,
    APP_ORIGIN.replace('https', 'http'),
    'http://localhost:3000',
  ])('a page of %s may not', async (origin) => {
    expect((await preflight(origin)).headers.has('access-control-allow-origin')).toBe(false);
    expect((await api('/v1/credits', { headers: { origin } })).headers.has('access-control-allow-origin')).toBe(false);
  });

  test.each(['/v1/webhooks/default/secret', '/v1/webhook-deliveries'])('a page may call %s as well', async (path) => {
    const { headers } = await preflight(APP_ORIGIN, path);
    expect(headers.get('access-control-allow-origin')).toBe(APP_ORIGIN);
  });

  test.each(['/health', '/v1/jobs', '/v1/nothing', '/v1/webhook-deliveries', '/internal/wake', '/hooks/x', '/docs'])(
    '%s answers with a request id of ours, a new one each time',
    async (path) => {
      const ids = await Promise.all(
        [1, 2].map(async () => (await api(path, { headers: { 'x-request-id': 'mine' } })).headers.get('x-request-id')),
      );
      for (const id of ids) expect(id).toMatch(/^req_[0-9a-f]{32}$/);
      expect(ids[0]).not.toBe(ids[1]);
    },
  );

  test('reads say what is left of their limit', async () => {
    const { api_key: key } = await makeAccount();
    // Redis may be late on a busy machine: reads then pass without it.
    const remaining = () =>
      waitFor(async () => {
        const { headers } = await api('/v1/jobs', { key });
        if (!headers.has('ratelimit')) return undefined;
        expect(headers.get('ratelimit-policy')).toMatch(/^"reads";q=\d+;w=60$/);
        return Number(/^"reads";r=(\d+);t=\d+$/.exec(headers.get('ratelimit') ?? '')?.[1]);
      });
    const before = await remaining();
    expect(await remaining()).toBeLessThan(before);
  });
});

describe.concurrent('pages', () => {
  test('/docs loads nothing from anybody else, and its script is there', async () => {
    const { status, headers, body } = await api('/docs', { key: null });
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'/);
    const sources = [...String(body).matchAll(/(?:src|href|data-url)="([^"]+)"/g)].map(
      ([, source]) => source as string,
    );
    expect(sources.length).toBeGreaterThan(1);
    for (const source of sources) {
      expect(source).toMatch(/^\/[\w./]+$/);
      const answer = await fetch(stack().origin + source);
      expect([source, answer.status]).toEqual([source, 200]);
      if (source.endsWith('.js')) expect((await answer.text()).length).toBeGreaterThan(500_000);
    }
  });

  test('every error code is explained where `type` points to, and in docs/errors.md', async () => {
    const { status, body } = await api('/docs/errors', { key: null });
    expect(status).toBe(200);
    const written = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8');
    for (const [code, { status: number, title }] of Object.entries(ERRORS)) {
      expect(body).toContain(`id="${code}"`);
      expect(written).toContain(`### ${code}\n\n${number} ${title} · `);
    }
    const { body: problem } = await api('/v1/nothing');
    expect(problem.type).toBe(`${stack().origin}/docs/errors#not_found`);
  });

  test('/health and /ready say how it is', async () => {
    expect((await api('/health', { key: null })).body).toEqual({ status: 'ok' });
    const body = await waitFor(async () => {
      const answer = await api('/ready', { key: null });
      expect(answer.status).toBe(200);
      return answer.body.dependencies.redis === 'ok' && answer.body;
    });
    expect(body).toMatchObject({
      status: 'ready',
      version: expect.stringMatching(/^\d/),
      migration: readdirSync('supabase/migrations').toSorted().at(-1)?.slice(0, 14),
      dependencies: { database: 'ok', redis: 'ok' },
    });
    expect(Math.abs(Date.parse(body.clock) - Date.now())).toBeLessThan(5000);
  });
});
