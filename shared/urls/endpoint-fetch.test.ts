import { expect, test, vi } from 'vitest';
import { endpointFetch } from './endpoint-fetch.ts';

const START = 'https://acme--image.modal.run/';
const to = (location: string, status = 303) => new Response(null, { status, headers: { location } });

/** An endpoint that gives these answers, one after the other. */
function endpoint(...answers: Response[]) {
  const fetch = vi.fn(async (_url: string | URL, _init?: RequestInit) => answers.shift() ?? to('?again'));
  const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'Modal-Key': 'wk-1' } };
  const ask = (more = {}) => endpointFetch({ url: START, fetch, init, maxBytes: 1_000, timeoutMs: 1_000, ...more });
  return { fetch, ask };
}

test('a result that takes its time is fetched from where the endpoint says, on the same origin', async () => {
  const { fetch, ask } = endpoint(
    to('/?__modal_function_call_id=fc-1'),
    to(`${START}?id=2#result`),
    Response.json({ done: true }),
  );
  const answer = await ask();
  expect(answer.ok && (await answer.response.json())).toEqual({ done: true });
  expect(fetch.mock.calls.map(([url, init]) => [url, init?.method])).toEqual([
    [START, 'POST'],
    [`${START}?__modal_function_call_id=fc-1`, 'GET'],
    [`${START}?id=2`, 'GET'],
  ]);
  const [, later] = fetch.mock.calls[1] ?? [];
  expect([...new Headers(later?.headers).keys()]).toEqual(['modal-key']);
  expect(later?.body).toBeUndefined();
});

test.each([
  ['another origin', to('https://evil.example/')],
  ['another scheme', to('http://acme--image.modal.run/')],
  ['another port', to('https://acme--image.modal.run:8443/')],
  ['a private address', to('https://169.254.169.254/latest')],
  ['nowhere', new Response(null, { status: 303 })],
  ['a permanent move', to('/elsewhere', 301)],
  ['a repetition of the POST', to('/elsewhere', 307)],
])('%s is not followed', async (_name, redirect) => {
  const { fetch, ask } = endpoint(redirect);
  expect(await ask()).toMatchObject({ ok: false, reason: 'redirect' });
  expect(fetch).toHaveBeenCalledTimes(1);
});

test('a circle ends', async () => {
  const { fetch, ask } = endpoint();
  expect(await ask()).toMatchObject({ ok: false, reason: 'redirect' });
  expect(fetch).toHaveBeenCalledTimes(31);
});

test('all hops share one time', async () => {
  const { fetch, ask } = endpoint(to('?late'));
  fetch
    .mockImplementationOnce(async () => to('?late'))
    .mockImplementationOnce(
      (_url, init) =>
        new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    );
  expect(await ask({ timeoutMs: 50 })).toMatchObject({ ok: false });
});
