import { describe, expect, test, vi } from 'vitest';
import { providerInfos } from '../catalog/providers.ts';
import { checkKey, isCheckable } from './check-key.ts';
import { checks, UNCHECKED } from './checks.ts';

const KEY = 'c4n4ry-key';
const SECRET = 'c4n4ry-secret';
const NOW = Date.parse('2026-11-21T12:00:00Z');

/** Tries a key against a vendor that gives this answer; `sent` is what reached it. */
async function tried(provider: string, status: number, body: unknown = {}, more: Record<string, unknown> = {}) {
  const fetch = vi.fn(async (_input: string | URL, _init?: RequestInit) => Response.json(body, { status }));
  const config = { endpoint_url: 'https://mine--llm.modal.run' };
  const check = await checkKey(provider, { key: KEY, secret: SECRET, fetch, now: () => NOW, config, ...more });
  const [url, init] = fetch.mock.calls[0] ?? [];
  return { ...check, url: String(url), headers: new Headers(init?.headers), init, calls: fetch.mock.calls.length };
}

const rows = Object.entries(checks);
const accepted = (provider: string) => {
  const code = checks[provider]?.code;
  const [outer = '', inner] = code?.at.split('.') ?? [];
  return code ? { [outer]: inner ? { [inner]: code.valid[0] } : code.valid[0] } : {};
};

test('every provider we know can be tried, but those that say why not', () => {
  const ids = providerInfos.map(({ id }) => id);
  expect(ids.filter((id) => !isCheckable(id)).toSorted()).toEqual(UNCHECKED);
  expect(rows.map(([id]) => id).filter((id) => !ids.includes(id))).toEqual([]);
});

describe.each(rows)('%s', (provider, row) => {
  test('one call, with the key where the vendor looks for it, and nowhere else', async () => {
    const { url, headers, init, calls, result } = await tried(provider, 200, accepted(provider));
    expect([calls, result]).toEqual([1, 'valid']);
    expect(url).toMatch(/^https:\/\//);
    expect(url).not.toContain('c4n4ry');
    if (row.form) expect(String(init?.body)).toBe(`${row.form}=${KEY}`);
    else expect([...headers.values()].join()).toMatch(row.auth === 'kling' ? /^.*Bearer ey/ : /c4n4ry|Basic/);
    expect(init?.redirect).toBe('manual');
  });

  test.each([401, 403])('%i is invalid, in the words of the vendor', async (status) => {
    expect(await tried(provider, status, { error: { message: `No such key: ${KEY}` } })).toMatchObject({
      result: 'invalid',
      message: 'No such key: …',
    });
  });

  test('402 is out of credit; 429, 500 and silence are no verdict', async () => {
    expect((await tried(provider, 402)).result).toBe('out_of_credit');
    expect((await tried(provider, 429)).result).toBe('unreachable');
    expect((await tried(provider, 500)).result).toBe('unreachable');
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    expect((await tried(provider, 200, {}, { fetch })).result).toBe('unreachable');
  });

  test('an endpoint stands in for origin and base path', async () => {
    const { url } = await tried(provider, 200, {}, { baseUrl: 'http://127.0.0.1:9001/' });
    expect(url).toBe(`http://127.0.0.1:9001${row.path}`);
  });
});

test.each<[string, number, unknown, string]>([
  ['kie', 200, { code: 401, msg: 'You do not have access permissions' }, 'invalid'],
  ['kie', 200, { code: 200, data: 0 }, 'out_of_credit'],
  ['kie', 200, { code: 200, data: 12.5 }, 'valid'],
  ['kie', 200, { code: 500, msg: 'Server error' }, 'unreachable'],
  ['minimax', 200, { base_resp: { status_code: 1004, status_msg: 'login fail' } }, 'invalid'],
  ['minimax', 200, { base_resp: { status_code: 1008, status_msg: 'insufficient balance' } }, 'out_of_credit'],
  ['minimax', 200, { base_resp: { status_code: 2013, status_msg: 'invalid params' } }, 'valid'],
  ['google', 400, { error: { message: 'API key not valid. Please pass a valid API key.' } }, 'invalid'],
  ['google', 400, { error: { message: 'User location is not supported' } }, 'unreachable'],
  ['openai', 429, { error: { message: 'You exceeded your quota', code: 'insufficient_quota' } }, 'out_of_credit'],
  ['openai', 403, { error: { message: 'You have insufficient permissions for this operation.' } }, 'valid'],
  ['openrouter', 200, { data: { limit_remaining: 0 } }, 'out_of_credit'],
  ['openrouter', 200, { data: { limit_remaining: null } }, 'valid'],
  ['elevenlabs', 401, { detail: { status: 'missing_permissions', message: 'The key lacks user_read' } }, 'valid'],
  ['bria', 404, { error: 'no such task' }, 'valid'],
  ['modal', 405, {}, 'valid'],
  ['segmind', 200, { credits: 0 }, 'out_of_credit'],
])('%s: %i %j is %s', async (provider, status, body, result) => {
  expect((await tried(provider, status, body)).result).toBe(result);
});

test('a key whose other half is missing is not tried', async () => {
  expect(await tried('kling', 200, {}, { secret: undefined })).toMatchObject({ result: 'invalid', calls: 0 });
});

test('a self-hosted model without an address cannot be tried', async () => {
  expect(await tried('ollama', 200, {}, { config: {} })).toMatchObject({ result: 'unreachable', calls: 0 });
});

test('Basic carries any text, as UTF-8', async () => {
  const { result, headers } = await tried('vectorizer', 200, {}, { secret: 'ключ ✓' });
  const sent = headers.get('authorization')?.replace('Basic ', '') ?? '';
  expect([result, Buffer.from(sent, 'base64').toString()]).toEqual(['valid', `${KEY}:ключ ✓`]);
});

test.each([...rows.map(([id]) => id), 'replicate', 'fal'])('%s: no text makes the test of a key throw', async (id) => {
  const fetch = async (input: string | URL, init?: RequestInit) => {
    new Request(input, init);
    return Response.json({}, { status: 401 });
  };
  for (const text of ['', 'ключ', 'line\nbreak', '\ud800']) {
    const { result } = await tried(id, 401, {}, { key: text, secret: text, fetch });
    expect(['invalid', 'unreachable']).toContain(result);
  }
});

test.each(['replicate', 'fal'])('%s answers for itself', async (provider) => {
  const key = provider === 'fal' ? 'id:secret' : 'r8_canary';
  expect((await tried(provider, 401, { detail: 'No' }, { key })).result).toBe('invalid');
  expect((await tried(provider, 200, { status: 'IN_QUEUE', type: 'user', username: 'u' }, { key })).result).toBe(
    'valid',
  );
});

test.each(['openai', 'fal', 'replicate'])('%s hangs: an answer in under three seconds', async (provider) => {
  const fetch = (_input: unknown, init?: RequestInit) =>
    new Promise<Response>((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
  const started = performance.now();
  expect((await tried(provider, 200, {}, { fetch, key: 'r8_canary' })).result).toBe('unreachable');
  expect(performance.now() - started).toBeLessThan(3_000);
});

test('silence and no way there are told apart', async () => {
  const lost = () => Promise.reject(new TypeError('getaddrinfo ENOTFOUND'));
  expect((await tried('openai', 200, {}, { fetch: lost })).message).toBe('The provider could not be reached.');
  const silent = (_input: unknown, init?: RequestInit) =>
    new Promise<Response>((_, reject) =>
      init?.signal?.addEventListener('abort', () => reject(new TypeError('timeout'))),
    );
  expect((await tried('openai', 200, {}, { fetch: silent })).message).toBe('The provider did not answer in time.');
});
