import { expect, test } from 'vitest';
import { readJson } from './read-json.ts';

const post = (body: BodyInit | null, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  new Request('https://darkroom.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

const code = async (request: Request, options = {}) => {
  const result = await readJson(request, options);
  return result.ok ? result.value : result.refusal.code;
};

test('reads JSON in any accepted content type', async () => {
  for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"']) {
    expect(await code(post('{"a":1}', { 'content-type': type }))).toEqual({ a: 1 });
  }
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json; charset=latin1',
  'application/jsonp',
  '',
])('415 for %j', async (type) => {
  expect(await code(post('{"a":1}', { 'content-type': type }))).toBe('unsupported_media_type');
});

test('413 by the declared length, and by what really comes', async () => {
  expect(await code(post('{"a":"1234567890"}'), { maxBytes: 10 })).toBe('payload_too_large');
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
  expect(await code(post(endless), { maxBytes: 10_000 })).toBe('payload_too_large');
});

test('an empty body is an empty object only where that is allowed', async () => {
  expect(await code(post(null, {}), { allowEmpty: true })).toEqual({});
  expect(await code(post(''), {})).toBe('invalid_json');
  expect(await code(post('[]'), { allowEmpty: true })).toEqual([]);
});
