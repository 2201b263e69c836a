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
  const json = { 'content-type': 'application/json' };
  expect(await code(post('{"a":1}', { ...json, 'content-length': '999' }), { maxBytes: 10 })).toBe('payload_too_large');
  expect(await code(post('{"a":1}', { ...json, 'content-length': '7' }), { maxBytes: 10 })).toEqual({ a: 1 });
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
  expect(await code(post(endless), { maxBytes: 10_000 })).toBe('payload_too_large');
});

test('takes in what is too much, so that the sender hears the answer, but not without end', async () => {
  const lengths: number[] = [];
  const sending = (total: number) => {
    let sent = 0;
    lengths.push(0);
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 10;
        lengths[lengths.length - 1] = sent;
        controller.enqueue(new Uint8Array(10));
        if (sent >= total) controller.close();
      },
    });
  };
  expect(await code(post(sending(300)), { maxBytes: 100 })).toBe('payload_too_large');
  expect(await code(post(sending(5_000)), { maxBytes: 100 })).toBe('payload_too_large');
  expect(lengths[0]).toBe(300);
  expect(lengths[1]).toBeLessThan(500);
});

test('an empty body is an empty object only where that is allowed', async () => {
  expect(await code(post(null, {}), { mayBeEmpty: () => true })).toEqual({});
  expect(await code(post(''), {})).toBe('invalid_json');
  expect(await code(post('[]'), { mayBeEmpty: () => true })).toEqual([]);
});
