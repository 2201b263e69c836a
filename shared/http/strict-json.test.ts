import { describe, expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseStrictJson(bytes(text));

describe('what is JSON', () => {
  test.each([
    ['{}', {}],
    ['[1,2.5,-3e2,true,null,"x"]', [1, 2.5, -300, true, null, 'x']],
    ['{"a":{"b":1},"c":{"b":2}}', { a: { b: 1 }, c: { b: 2 } }],
    ['["{\\"a\\":1,\\"a\\":2}"]', ['{"a":1,"a":2}']],
    ['{"a\\\\":1,"a\\"":2}', { 'a\\': 1, 'a"': 2 }],
    ['"\\ud83d\\ude00"', '😀'],
    [' {"a" : "b" } ', { a: 'b' }],
  ])('%s', (text, value) => {
    expect(parse(text)).toEqual({ ok: true, value });
  });
});

describe('what is refused', () => {
  test.each([
    ['empty', ''],
    ['trailing bytes', '{} x'],
    ['two values', '{}{}'],
    ['a comment', '{/* */}'],
    ['single quotes', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":Infinity}'],
    ['a number beyond a double', '{"a":1e999}'],
    ['repeated keys', '{"a":1,"a":2}'],
    ['repeated keys in different spellings', '{"a":1,"\\u0061":2}'],
    ['repeated keys far below', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__ below', '{"input":{"__pro\\u0074o__":1}}'],
    ['a byte order mark', '\uFEFF{}'],
    ['an unterminated string', '{"a'],
    ['NUL', '{"a":"\\u0000"}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a lone surrogate in a key', '{"\\ud800":1}'],
    ['depth 10,000', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['depth 65', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
  ])('%s', (_name, text) => {
    expect(parse(text)).toMatchObject({ ok: false, refusal: { code: 'invalid_json' } });
  });

  test('invalid UTF-8', () => {
    expect(parseStrictJson(new Uint8Array([0x22, 0xc3, 0x28, 0x22]))).toMatchObject({ ok: false });
    expect(parseStrictJson(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]))).toMatchObject({ ok: false });
  });
});

test.each([
  ['{"jobs":[{},{"input":{"prompt":"a\\u0000b"}}]}', 'jobs[1].input.prompt', 'Must not hold NUL'],
  ['{"a":"\\udc00"}', 'a', 'Must not hold a lone surrogate'],
  ['[1,-1e400]', '[1]', 'Must be a number that a double can hold'],
  ['{"a":{"\\ud800":1}}', 'a', 'Must have keys without NUL and lone surrogates'],
  ['"\\u0000"', '', 'Must not hold NUL'],
])('what cannot be stored is named: %s', (text, path, message) => {
  expect(parse(text)).toEqual({
    ok: false,
    refusal: { code: 'invalid_json', errors: [{ path, message }] },
  });
});

test('depth 64 passes', () => {
  expect(parse(`${'['.repeat(64)}${']'.repeat(64)}`).ok).toBe(true);
});

test('hostile megabytes take no more than linear time', () => {
  const started = performance.now();
  expect(parse(`"${'\\"'.repeat(1_000_000)}"`).ok).toBe(true);
  expect(parse(`"${'\\"'.repeat(1_000_000)}`).ok).toBe(false);
  expect(parse('['.repeat(2_000_000)).ok).toBe(false);
  expect(parse(`[${'1,'.repeat(1_000_000)}1e400]`).ok).toBe(false);
  expect(performance.now() - started).toBeLessThan(3_000);
});
