import { expect, test } from 'vitest';
import { guardedFetch, readStart } from './guarded-fetch.ts';

const base = { url: 'https://example.com/x', purpose: 'media' as const, maxBytes: 10, timeoutMs: 1_000 };
const answer = (body: BodyInit | null, init?: ResponseInit) => async () => new Response(body, init);

function chunks(...parts: string[]) {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
}

test('passes method, headers and body on, and does not follow redirects', async () => {
  const seen: unknown[] = [];
  const fetch = async (url: string | URL, init?: RequestInit) => {
    seen.push(url, init?.method, init?.redirect);
    return new Response('ok');
  };
  const result = await guardedFetch({ ...base, fetch, init: { method: 'POST' } });
  expect(seen).toEqual(['https://example.com/x', 'POST', 'manual']);
  expect(result.ok && (await result.response.text())).toBe('ok');
});

test('asks nobody about a URL that is not allowed', async () => {
  const fetch = () => Promise.reject(new Error('must not be called'));
  expect(await guardedFetch({ ...base, url: 'https://10.0.0.1/', fetch })).toEqual({ ok: false, reason: 'address' });
});

test.each([301, 302, 303, 307, 308])('a %d is a refusal, wherever it leads', async (status) => {
  const fetch = answer(null, { status, headers: { location: 'https://example.com/y' } });
  expect(await guardedFetch({ ...base, fetch })).toMatchObject({ ok: false, reason: 'redirect', status });
});

test('an error status is an answer', async () => {
  const result = await guardedFetch({ ...base, fetch: answer('no', { status: 500 }) });
  expect(result.ok && result.response.status).toBe(500);
});

test('a declared length above the cap is refused unread; a lying or absent one while it streams', async () => {
  const declared = answer('x', { headers: { 'content-length': '11' } });
  expect(await guardedFetch({ ...base, fetch: declared })).toEqual({ ok: false, reason: 'too_large' });
  const lying = answer(chunks('12345', '67890', '1'), { headers: { 'content-length': '3' } });
  const result = await guardedFetch({ ...base, fetch: lying });
  await expect(result.ok && result.response.text()).rejects.toThrow(RangeError);
  const exact = await guardedFetch({ ...base, fetch: answer(chunks('12345', '67890')) });
  expect(exact.ok && (await exact.response.text())).toBe('1234567890');
});

test('tells a timeout from a broken connection', async () => {
  const hang = (_: string | URL, init?: RequestInit) =>
    new Promise<Response>((_resolve, reject) =>
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
    );
  expect(await guardedFetch({ ...base, fetch: hang, timeoutMs: 10 })).toEqual({ ok: false, reason: 'timeout' });
  const broken = () => Promise.reject(new TypeError('connection reset'));
  expect(await guardedFetch({ ...base, fetch: broken })).toEqual({ ok: false, reason: 'network' });
});

test('readStart keeps the start of a body', async () => {
  expect(await readStart(new Response(chunks('abc', 'def')), 4)).toEqual({ text: 'abcd', truncated: true });
  expect(await readStart(new Response(chunks('abc')), 3)).toEqual({ text: 'abc', truncated: false });
  expect(await readStart(new Response(null), 3)).toEqual({ text: '', truncated: false });
  const breaks = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('ab'));
    },
    pull(controller) {
      controller.error(new Error('reset'));
    },
  });
  expect((await readStart(new Response(breaks), 9)).truncated).toBe(true);
});
