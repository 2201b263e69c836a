import { describe, expect, test } from 'vitest';
import { start } from './harness.ts';

describe('scripts', () => {
  test.each([
    ['return redis.call("GET", "none")', null],
    ['return redis.call("HMGET", "hash", "a", "none")[2] == false', 1],
    ['local t = redis.call("HGETALL", "hash") return #t', 2],
    [
      'return redis.pcall("LPUSH", "hash", "x").err',
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ],
    ['return redis.status_reply("FINE")', 'FINE'],
    ['redis.call("SET", "at", 1763700000000) return redis.call("GET", "at")', '1763700000000'],
    ['return { 1, { 2, false, "x" } }', [1, [2, null, 'x']]],
    ['return {}', []],
  ])('%s', async (script, expected) => {
    const { post } = await start();
    await post('/', ['HSET', 'hash', 'a', '1']);
    expect(await post('/', ['EVAL', script, 0])).toEqual([200, { result: expected }]);
  });

  test.each([
    [['EVAL', 'return redis.error_reply("MINE own")', 0], /^MINE own$/],
    [['EVAL', 'return redis.call("LPUSH", "text", "x")', 0], /^(WRONGTYPE|ERR) /],
    [['EVAL', 'return nothing.at', 0], /^ERR Error running script: .*nil value/],
    [['EVAL', 'return 1', 2, 'k'], /^ERR Number of keys can't be greater/],
    [['EVAL', 'return 1', 'x'], /^ERR value is not an integer/],
  ])('%j fails', async (command, message) => {
    const { post } = await start();
    await post('/', ['SET', 'text', 'x']);
    expect(await post('/', command)).toEqual([400, { error: expect.stringMatching(message) }]);
  });
});
