import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from './catalogue.ts';
import { createEngine } from './engine.ts';
import { cleanup, start } from './harness.ts';

test('every command of the catalogue exists in the mock', async () => {
  const engine = createEngine();
  const own = ['set', 'script'];
  for (const name of [...COMMANDS.keys()].filter((command) => !own.includes(command))) {
    const outcome = await Promise.resolve()
      .then(() => engine[name]?.('key', '1', '2', '3'))
      .catch((error: Error) => error);
    expect(`${name}: ${outcome}`).not.toContain('Unsupported command');
    expect(engine[name], name).toBeTypeOf('function');
  }
});

describe('the official client', () => {
  test('stores what it reads: text, JSON, expiry and conditions', async () => {
    const { redis } = await start();
    expect(await redis.set('job', { status: 'queued', text: 'é✓' }, { ex: 60 })).toBe('OK');
    expect(await redis.get('job')).toEqual({ status: 'queued', text: 'é✓' });
    expect(await redis.ttl('job')).toBeGreaterThan(58);
    expect(await redis.set('job', 'other', { nx: true, px: 1000 })).toBeNull();
    expect(await redis.set('job', 'new', { xx: true, get: true, keepTtl: true })).toEqual({
      status: 'queued',
      text: 'é✓',
    });
    expect(await redis.ttl('job')).toBeGreaterThan(58);
    expect(await redis.set('brief', 1, { px: 20 })).toBe('OK');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await redis.mget('brief', 'job', 'none')).toEqual([null, 'new', null]);
    expect(await redis.del('job', 'none')).toBe(1);
  });

  test('works with hashes, lists, sets, sorted sets and counters', async () => {
    const { redis } = await start();
    expect(await redis.hset('hash', { a: 1, b: 'two' })).toBe(2);
    expect(await redis.hgetall('hash')).toEqual({ a: 1, b: 'two' });
    expect(await redis.hmget('hash', 'a', 'none')).toEqual({ a: 1, none: null });
    expect(await redis.rpush('list', 'x', 'y')).toBe(2);
    expect(await redis.lrange('list', 0, -1)).toEqual(['x', 'y']);
    expect(await redis.sadd('set', 'm', 'n', 'm')).toBe(2);
    expect(await redis.sismember('set', 'm')).toBe(1);
    expect(await redis.zadd('zset', { nx: true }, { score: 2, member: 'b' }, { score: 1.5, member: 'a' })).toBe(2);
    expect(await redis.zrange('zset', 0, -1, { withScores: true })).toEqual(['a', 1.5, 'b', 2]);
    expect(await redis.incrby('count', 5)).toBe(5);
    expect(await redis.scan(0, { match: 'c*' })).toEqual(['0', ['count']]);
  });

  test('runs pipelines, and transactions past a failing command', async () => {
    const { redis, post } = await start();
    const pipeline = redis.pipeline().set('a', 'text').incr('b').get('a');
    expect(await pipeline.exec()).toEqual(['OK', 1, 'text']);
    expect(await redis.multi().incr('b').incr('b').exec()).toEqual([2, 3]);
    const error = 'ERR value is not an integer or out of range';
    const commands = [
      ['INCR', 'a'],
      ['INCR', 'b'],
    ];
    expect(await post('/multi-exec', commands)).toEqual([200, [{ error }, { result: 4 }]]);
    expect(await post('/multi-exec', [['INCR', 'b'], ['NOPE']])).toEqual([
      400,
      { error: "ERR Command is not available: 'NOPE'" },
    ]);
    expect(await post('/pipeline', [['NOPE'], ['GET', 'b']])).toMatchObject([
      200,
      [{ error: expect.any(String) }, { result: '4' }],
    ]);
  });

  test('runs scripts by text and by hash', async () => {
    const { redis } = await start();
    const script = redis.createScript<[number, null, string]>('return { redis.call("INCR", KEYS[1]), false, ARGV[1] }');
    expect(await script.exec(['n'], ['x'])).toEqual([1, null, 'x']);
    expect(await script.exec(['n'], ['x'])).toEqual([2, null, 'x']);
    await expect(redis.evalsha('0'.repeat(40), [], [])).rejects.toThrow('NOSCRIPT');
    const sha = await redis.scriptLoad('return 1.9');
    expect(await redis.evalsha(sha, [], [])).toBe(1);
    expect(await redis.scriptExists(sha, 'none')).toEqual([1, 0]);
  });
});

describe('the wire', () => {
  test('takes commands in the path, with a body as the last word', async () => {
    const { request, origin } = await start();
    expect(await request('/set/a%2Fb/c%20d/EX/100')).toEqual([200, { result: 'OK' }]);
    expect(await request('/GET/a%2Fb')).toEqual([200, { result: 'c d' }]);
    expect(await request('/set/body?EX=100', { method: 'POST', body: '{"a":1}' })).toEqual([200, { result: 'OK' }]);
    expect(await request('/get/body')).toEqual([200, { result: '{"a":1}' }]);
    expect(await request('/ttl/body')).toMatchObject([200, { result: 100 }]);
    const byQuery = await fetch(`${origin}/get/body?_token=secret`);
    expect(await byQuery.json()).toEqual({ result: '{"a":1}' });
  });

  test('encodes strings in base64 when asked, but not OK', async () => {
    const { post } = await start();
    const headers = { 'Upstash-Encoding': 'base64' };
    expect(await post('/', ['SET', 'k', 'bar'], headers)).toEqual([200, { result: 'OK' }]);
    expect(await post('/', ['MGET', 'k', 'x'], headers)).toEqual([200, { result: ['YmFy', null] }]);
    expect(
      await post(
        '/pipeline',
        [
          ['GET', 'k'],
          ['STRLEN', 'k'],
        ],
        headers,
      ),
    ).toEqual([200, [{ result: 'YmFy' }, { result: 3 }]]);
  });

  test('refuses as the vendor does', async () => {
    const { request, post } = await start();
    const other = { Authorization: 'Bearer other' };
    expect(await request('/get/a', { headers: other })).toEqual([
      401,
      { error: 'WRONGPASS invalid or missing auth token' },
    ]);
    expect(await post('/', ['GET'])).toEqual([400, { error: "ERR wrong number of arguments for 'get' command" }]);
    expect(await post('/', ['SET', 'a', '1', 'EX', 'soon'])).toMatchObject([
      400,
      { error: expect.stringContaining('not an integer') },
    ]);
    expect(await post('/', ['SET', 'a', '1', 'NX', 'XX'])).toEqual([400, { error: 'ERR syntax error' }]);
    expect(await post('/', ['SET', 'a', null])).toEqual([400, { error: 'ERR null args are not supported' }]);
    expect(await post('/', { not: 'a command' })).toEqual([400, { error: 'ERR failed to parse command' }]);
    await post('/', ['SET', 'a', '1']);
    const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(await post('/', ['HGET', 'a', 'f'])).toEqual([400, { error: wrongType }]);
    expect((await request('/get/a', { method: 'DELETE' }))[0]).toBe(405);
    expect((await post('/', ['disconnect']))[0]).toBe(400);
  });
});

test('keys and their expiry outlive a process that was killed after the last flush', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  cleanup(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'redis.db');
  const first = await start({ file, flushMs: 20 });
  await first.redis.hset('hash', { a: 1 });
  await first.redis.zadd('zset', { score: 1, member: 'm' });
  await first.redis.set('text', 'x');
  await first.redis.set('gone', 'x');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await first.redis.expire('text', 60);
  await first.redis.del('gone');
  await new Promise((resolve) => setTimeout(resolve, 50));
  // The first process is still there and has not been told to stop: only what it flushed can be read.
  const second = await start({ file });
  expect(await second.redis.hgetall('hash')).toEqual({ a: 1 });
  expect(await second.redis.zscore('zset', 'm')).toBe(1);
  expect(await second.redis.ttl('text')).toBeGreaterThan(58);
  expect(await second.redis.exists('gone')).toBe(0);
});

test('faults take it down and slow, and commands are counted', async () => {
  const { redis, request, origin, close } = await start();
  const control = (body: object) => fetch(`${origin}/__control`, { method: 'POST', body: JSON.stringify(body) });
  await control({ fault: 'down', times: 1 });
  await expect(redis.get('a')).rejects.toThrow('internal server error');
  await control({ fault: 'drop', times: 1 });
  await expect(request('/get/a')).rejects.toThrow('fetch failed');
  await control({ fault: 'slow', ms: 120, times: 1 });
  const begun = Date.now();
  await redis.get('a');
  expect(Date.now() - begun).toBeGreaterThanOrEqual(115);
  expect(await (await fetch(`${origin}/__stats`)).json()).toMatchObject({
    requests: 3,
    commands: 1,
    by_command: { get: 1 },
  });
  await close();
});
