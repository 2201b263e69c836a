import { Client } from '@upstash/qstash';
import { afterEach, expect, test, vi } from 'vitest';
import { createWake } from './wake.ts';

const options = { url: 'https://qstash.test', token: 't0ken', origin: 'https://darkroom.test' };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function answer(respond: (request: Request) => Response | Promise<Response>) {
  const requests: { url: string; body: string; headers: Headers }[] = [];
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const request = new Request(url, init);
    requests.push({ url, body: String(init.body), headers: request.headers });
    return respond(request);
  });
  return requests;
}

test('one message per lane, each lane once, no deduplication id', async () => {
  const requests = answer(() => Response.json({ messageId: 'm' }));
  await createWake({ ...options, log: () => {} })(['fal:platform', 'replicate:platform', 'fal:platform']);
  expect(requests.map(({ body }) => JSON.parse(body))).toEqual([
    { lane: 'fal:platform' },
    { lane: 'replicate:platform' },
  ]);
  expect(requests[0]?.url).toBe('https://qstash.test/v2/publish/https://darkroom.test/internal/wake');
  expect(requests[0]?.headers.get('authorization')).toBe('Bearer t0ken');
  expect(requests[0]?.headers.has('upstash-deduplication-id')).toBe(false);
});

test('what is sent is what QStash’s own client sends', async () => {
  const requests = answer(() => Response.json({ messageId: 'm' }));
  await createWake({ ...options, log: () => {} })(['fal:platform']);
  const client = new Client({
    baseUrl: options.url,
    token: options.token,
    retry: false,
    devMode: false,
    enableTelemetry: false,
  });
  const url = `${options.origin}/internal/wake`;
  await client.publishJSON({ url, body: { lane: 'fal:platform' }, retries: 1 });
  const [ours, theirs] = requests.map(({ headers, ...rest }) => ({ ...rest, headers: Object.fromEntries(headers) }));
  expect(ours).toEqual(theirs);
});

test.each([
  ['refused', () => new Response('{"error":"quota"}', { status: 429 })],
  ['down', () => Promise.reject(new TypeError('fetch failed'))],
  ['silent', ({ signal }: Request) => new Promise<Response>((_, reject) => signal.addEventListener('abort', reject))],
])('%s: logged, tried once, never thrown', async (_name, respond) => {
  const requests = answer(respond);
  const events: string[] = [];
  await createWake({ ...options, log: (_level, event) => events.push(event), timeoutMs: 50 })(['fal:platform']);
  expect(events).toEqual(['wake_not_published']);
  expect(requests).toHaveLength(1);
});
