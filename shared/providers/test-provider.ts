import { describe, expect, test } from 'vitest';
import type { HookRequest, Outcome, Provider, ProviderModule, ProviderState, Verdict } from './types.ts';

/** What one vendor answers in the situations that every provider has; `testProvider` runs the same claims over all. */
export type ProviderFixture = {
  module: ProviderModule;
  model: string;
  authorization: string;
  requestId: string;
  /** The submission's acceptance. */
  accepted: Scripted;
  /** The vendor's own error body for a status. */
  ownError: (status: number) => unknown;
  /** Answers to the GETs of one poll, in order, and the verdict they give. */
  polls: Record<string, { answers: Scripted[]; verdict: Verdict }>;
  /** Headers, keys and body of a webhook with the same verdict as a poll. */
  hooks: Record<string, { body: unknown; verdict: Verdict }>;
  signHook: (body: string, at: number) => Promise<Pick<HookRequest, 'headers' | 'secrets' | 'publicKeys'>>;
  /** An accepted hook body, with this as its request id. */
  hookOf: (requestId: string) => unknown;
};

export type Scripted = { status: number; body: unknown; headers?: Record<string, string> };
type Sent = { method: string; url: string; headers: Headers; body: unknown; redirect: unknown };

const KEY = 'test-key:0123456789abcdef';
const NOW = Date.UTC(2026, 10, 21, 9, 0, 0);

/** A `fetch` that plays answers in order, the last one again and again, and keeps what was sent. */
function play(...script: (Scripted | Error)[]) {
  const sent: Sent[] = [];
  const fetch = async (input: string | URL, init: RequestInit = {}) => {
    const answer = script[Math.min(sent.length, script.length - 1)];
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : init.body;
    const { method = 'GET', redirect } = init;
    sent.push({ method, url: String(input), headers: new Headers(init.headers as HeadersInit), body, redirect });
    if (answer instanceof Error) throw answer;
    if (!answer) throw new Error('nothing to answer');
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    const type = typeof answer.body === 'string' ? 'text/html' : 'application/json';
    return new Response(text, { status: answer.status, headers: { 'content-type': type, ...answer.headers } });
  };
  return { fetch, sent };
}

export function testProvider(fixture: ProviderFixture): void {
  const { module, requestId } = fixture;
  const create = (fetch: Parameters<ProviderModule['create']>[0]['fetch'], more: object = {}): Provider =>
    module.create({ key: KEY, baseUrl: 'https://provider.test/base', fetch, now: () => NOW, ...more });
  const request = {
    model: fixture.model,
    input: { prompt: 'a lighthouse', seed: 0, enhance: false },
    outputs: 1,
    kind: 'image' as const,
    attemptId: 'att_1',
  };
  const state: ProviderState = { request_id: requestId, model: fixture.model, kind: 'image' };
  const posts = (sent: Sent[]) => sent.filter(({ method }) => method === 'POST').length;

  describe('start', () => {
    test('is one authenticated POST below the base URL, and what it returns survives JSON', async () => {
      const { fetch, sent } = play(fixture.accepted);
      const started = await create(fetch).start({
        ...request,
        hookUrl: 'https://api.darkroom.example/hooks/x/att_1/t',
      });
      expect(started).toEqual({ status: 'pending', requestId, state });
      expect(JSON.parse(JSON.stringify(started))).toEqual(started);
      expect(sent).toHaveLength(1);
      expect(sent[0]).toMatchObject({ method: 'POST', redirect: 'manual' });
      expect(sent[0]?.url.startsWith('https://provider.test/base/')).toBe(true);
      expect(sent[0]?.headers.get('authorization')).toBe(fixture.authorization.replace('KEY', KEY));
      expect(`${decodeURIComponent(sent[0]?.url ?? '')}${JSON.stringify(sent[0]?.body)}`).toContain('/hooks/x/att_1/t');
    });

    test('keeps a seed of 0 and a false', async () => {
      const { fetch, sent } = play(fixture.accepted);
      await create(fetch).start(request);
      expect(JSON.stringify(sent[0]?.body)).toContain('"seed":0,"enhance":false');
      expect(JSON.stringify(sent[0]?.body)).not.toContain('webhook');
    });

    const refusals: [number, Outcome['status']][] = [
      ...[400, 413, 422].map((status) => [status, 'rejected'] as [number, Outcome['status']]),
      [401, 'unauthorized'],
      [402, 'out_of_credit'],
      [403, 'unauthorized'],
      [429, 'rate_limited'],
      ...[404, 405, 408, 409, 410, 423, 451].map((status) => [status, 'refused'] as [number, Outcome['status']]),
      ...[500, 503, 529, 521, 523, 525, 526, 530].map((status) => [status, 'refused'] as [number, Outcome['status']]),
      ...[302, 501, 502, 504, 520, 522, 524].map((status) => [status, 'ambiguous'] as [number, Outcome['status']]),
    ];

    test.each(refusals)('%d in the vendor’s own words is %s, after one POST and at once', async (status, outcome) => {
      const { fetch, sent } = play({ status, body: fixture.ownError(status) });
      const before = performance.now();
      expect((await create(fetch).start(request)).status).toBe(outcome);
      expect(posts(sent)).toBe(1);
      expect(performance.now() - before).toBeLessThan(300);
    });

    test.each([500, 503, 529])('%d in a proxy’s words is ambiguous', async (status) => {
      const { fetch, sent } = play({ status, body: '<html>error</html>' });
      expect((await create(fetch).start(request)).status).toBe('ambiguous');
      expect(posts(sent)).toBe(1);
    });

    test('a lost connection, and an acceptance that names no request, are ambiguous', async () => {
      const reset = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
      for (const answer of [
        reset,
        { status: 200, body: '' },
        { status: 201, body: {} },
        { status: 200, body: 'null' },
      ]) {
        const { fetch, sent } = play(answer);
        expect((await create(fetch).start(request)).status).toBe('ambiguous');
        expect(posts(sent)).toBe(1);
      }
    });

    test('passes on how long a rate limit lasts, in seconds or until a date', async () => {
      const headers = ['17', new Date(NOW + 17_000).toUTCString()];
      for (const value of headers) {
        const { fetch } = play({ status: 429, body: fixture.ownError(429), headers: { 'retry-after': value } });
        expect(await create(fetch).start(request)).toMatchObject({ status: 'rate_limited', retryAfterSeconds: 17 });
      }
    });

    test('names the field that was wrong, and never shows the key', async () => {
      const { fetch } = play({ status: 422, body: fixture.ownError(422) });
      expect(await create(fetch).start(request)).toMatchObject({ code: 'invalid_input', field: 'aspect_ratio' });
      const echo = play({ status: 401, body: { detail: `bad key ${KEY}` } });
      expect(JSON.stringify(await create(echo.fetch).start(request))).not.toContain(KEY);
    });
  });

  describe('status', () => {
    test.each(Object.entries(fixture.polls))('%s', async (_, { answers, verdict }) => {
      const { fetch, sent } = play(...answers);
      expect(await create(fetch).status(state)).toEqual(verdict);
      expect(sent).toHaveLength(answers.length);
      expect(posts(sent)).toBe(0);
    });

    test.each([401, 402, 403, 404, 408, 429, 500, 502, 503, 504])('a %d on a poll is no verdict', async (status) => {
      const { fetch, sent } = play({ status, body: fixture.ownError(status), headers: { 'retry-after': '9' } });
      expect(await create(fetch).status(state)).toMatchObject({ status: 'ambiguous', retryAfterSeconds: 9 });
      expect(sent).toHaveLength(1);
    });

    test('nor is a lost connection, or a page of HTML', async () => {
      for (const answer of [new TypeError('fetch failed'), { status: 200, body: '<html>' }]) {
        expect(await create(play(answer).fetch).status(state)).toMatchObject({ status: 'ambiguous' });
      }
    });
  });

  describe('outputs', () => {
    const [answers = []] = Object.values(fixture.polls).flatMap((poll) =>
      poll.verdict.status === 'succeeded' ? [poll.answers] : [],
    );
    const move = (to: string) => {
      const text = JSON.stringify(answers).replaceAll(/https:\/\/(replicate\.delivery|v3b\.fal\.media)/g, to);
      return play(...(JSON.parse(text) as Scripted[])).fetch;
    };

    test.each(['https://evil.test', 'http://fal.media', 'https://fal.media.evil.test', 'https://xreplicate.delivery'])(
      'on %s are refused',
      async (origin) => {
        expect(await create(move(origin)).status(state)).toMatchObject({ status: 'failed', code: 'output_refused' });
      },
    );

    test('on an extra origin are taken', async () => {
      const provider = create(move('http://127.0.0.1:9'), { outputOrigins: ['http://127.0.0.1:9'] });
      expect(await provider.status(state)).toMatchObject({ status: 'succeeded' });
    });
  });

  test('cancel asks the provider and never throws', async () => {
    const { fetch, sent } = play({ status: 200, body: {} });
    await create(fetch).cancel?.(state);
    expect(sent[0]?.url).toContain(`${requestId}/cancel`);
    await create(play(new Error('down')).fetch).cancel?.(state);
  });

  test('check tells good keys from bad ones and from bad lines, with a GET', async () => {
    const unauthorized = play({ status: 401, body: fixture.ownError(401) });
    expect(await create(unauthorized.fetch).check()).toMatchObject({ result: 'invalid' });
    expect(unauthorized.sent.every(({ method }) => method === 'GET')).toBe(true);
    expect(await create(play({ status: 402, body: fixture.ownError(402) }).fetch).check()).toMatchObject({
      result: 'out_of_credit',
    });
    expect(await create(play({ status: 502, body: 'x' }).fetch).check()).toMatchObject({ result: 'unreachable' });
    expect(await create(play(new Error('down')).fetch).check()).toMatchObject({ result: 'unreachable' });
  });

  describe('verifyHook', () => {
    const receive = async (body: unknown, change: Partial<HookRequest> & { signedAt?: number } = {}) => {
      const text = JSON.stringify(body);
      const signed = await fixture.signHook(text, (change.signedAt ?? NOW) / 1000);
      return module.verifyHook({ ...signed, body: text, now: NOW, kind: 'image', ...change });
    };

    test.each(Object.entries(fixture.hooks))('%s', async (_, { body, verdict }) => {
      expect(await receive(body, { requestId })).toMatchObject({ ok: true, requestId, outcome: verdict });
      expect(await receive(body)).toMatchObject({ ok: true, requestId, outcome: verdict });
    });

    test('reads bytes as well as text', async () => {
      const body = fixture.hookOf(requestId);
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      expect(await receive(body, { body: bytes })).toMatchObject({ ok: true });
    });

    test.each([299, -299])('accepts a clock %d seconds off', async (seconds) => {
      expect(await receive(fixture.hookOf(requestId), { signedAt: NOW + seconds * 1000 })).toMatchObject({ ok: true });
    });

    test.each([302, -302])('refuses a clock %d seconds off', async (seconds) => {
      const stale = await receive(fixture.hookOf(requestId), { signedAt: NOW + seconds * 1000 });
      expect(stale).toEqual({ ok: false, reason: 'stale' });
    });

    test('refuses another attempt’s request, a changed body, no headers and no keys', async () => {
      const body = fixture.hookOf(requestId);
      expect(await receive(body, { requestId: 'another' })).toEqual({ ok: false, reason: 'request_id' });
      expect(await receive(body, { body: `${JSON.stringify(body)} ` })).toEqual({ ok: false, reason: 'signature' });
      expect(await receive(body, { headers: {} })).toEqual({ ok: false, reason: 'headers' });
      expect((await receive(body, { secrets: [], publicKeys: undefined })).ok).toBe(false);
      expect(await receive({ hello: 'world' })).toEqual({ ok: false, reason: 'body' });
    });

    test('no changed character of any header survives', async () => {
      const text = JSON.stringify(fixture.hookOf(requestId));
      const { headers, ...keys } = await fixture.signHook(text, NOW / 1000);
      for (const [name, value] of Object.entries(headers as Record<string, string>)) {
        for (const at of [0, Math.floor(value.length / 2), value.length - 3]) {
          const changed = value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1);
          const request = {
            ...keys,
            headers: { ...headers, [name]: changed },
            body: text,
            now: NOW,
            kind: 'image' as const,
          };
          expect((await module.verifyHook(request)).ok, `${name} ${changed}`).toBe(false);
        }
      }
    });
  });
}
