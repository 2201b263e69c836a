import { expect, test } from 'vitest';
import { recordFetch } from './recorded-fetch.ts';

const setup = (fetch: (url: string | URL, init?: RequestInit) => Promise<Response>, more: object = {}) =>
  recordFetch({ fetch, timeoutMs: 1_000, ...more });

test('a repeated submission gets the first answer, and nothing is sent', async () => {
  let sent = 0;
  const recorded = setup(async () => Response.json({ n: ++sent }));
  expect(await (await recorded.fetch('https://p.test/a', { method: 'POST' })).json()).toEqual({ n: 1 });
  expect(await (await recorded.fetch('https://p.test/a', { method: 'post' })).json()).toEqual({ n: 1 });
  expect(sent).toBe(1);
});

test('a second submission elsewhere is refused; the first answer stays', async () => {
  const recorded = setup(async () => Response.json({ id: 1 }));
  await recorded.fetch('https://p.test/a', { method: 'POST' });
  await expect(recorded.fetch('https://p.test/b', { method: 'POST' })).rejects.toThrow('one POST');
  expect(recorded.answer()).toMatchObject({ kind: 'answer', text: '{"id":1}' });
});

test('what is not 2xx is recorded, and an abort to the SDK, each time', async () => {
  let sent = 0;
  const recorded = setup(async () => new Response(`no ${++sent}`, { status: 503 }));
  for (let n = 0; n < 3; n++) {
    await expect(recorded.fetch('https://p.test/a', { method: 'POST' })).rejects.toMatchObject({ name: 'AbortError' });
  }
  expect(recorded.answer()).toMatchObject({ kind: 'answer', status: 503, text: 'no 1' });
  expect(sent).toBe(1);
});

test('a hanging provider is cut off, headers or body', async () => {
  const hang = (_: string | URL, init?: RequestInit) =>
    new Promise<Response>((_resolve, reject) =>
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
    );
  const recorded = setup(hang, { timeoutMs: 10 });
  await expect(recorded.fetch('https://p.test/a', { method: 'POST' })).rejects.toThrow();
  expect(recorded.answer().kind).toBe('thrown');
});

test('of a body that breaks off, or of 25 MB, only the status counts', async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) });
  const answers = [
    new Response(broken, { status: 422 }),
    new Response('x', { status: 422, headers: { 'content-length': String(25 * 1024 * 1024) } }),
  ];
  for (const answer of answers) {
    const recorded = setup(async () => answer);
    await recorded.fetch('https://p.test/a').catch(() => {});
    expect(recorded.answer()).toMatchObject({ kind: 'answer', status: 422, text: '' });
  }
});

test('an SDK that goes elsewhere goes nowhere', async () => {
  const recorded = setup(() => Promise.reject(new Error('must not be called')), { rewrite: () => null });
  await expect(recorded.fetch('https://elsewhere.test/')).rejects.toThrow('not the provider');
  expect(recorded.answer()).toEqual({ kind: 'unsent' });
});
