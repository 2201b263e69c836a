import { afterEach, expect, test, vi } from 'vitest';
import { rateLimitHeaders } from '../../../shared/http/read-limit.ts';
import { createJobSnapshots } from './job-snapshots.ts';
import { createReadLimits, READS_PER_WINDOW as LIMIT } from './read-limits.ts';
import { createRedis } from './redis.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A Redis whose commands get this answer; remembers them. */
function redis(respond: (command: unknown[]) => unknown) {
  const commands: unknown[][] = [];
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    const command = JSON.parse(String(init.body)) as unknown[];
    commands.push(command);
    const answer = await respond(command);
    return answer instanceof Response ? answer : Response.json({ result: answer });
  });
  return { commands, redis: createRedis({ url: 'https://redis.test', token: 't' }) };
}

const limitsOn = (respond: (command: unknown[]) => unknown) => {
  const { commands, redis: client } = redis(respond);
  const lines: string[] = [];
  const readLimits = createReadLimits({ redis: client, log: (_level, event) => lines.push(event), now: Date.now });
  return { commands, lines, readLimits };
};

/** What the sliding window's script answers: what is left, and the limit. */
const left = (remaining: number) => () => [remaining, LIMIT];

test('one command for a read, whoever reads', async () => {
  const { commands, readLimits } = limitsOn(left(LIMIT - 1));
  expect(await readLimits('a')).toMatchObject({ allowed: true, limit: LIMIT, remaining: LIMIT - 1, hot: false });
  expect(commands).toHaveLength(1);
  expect(commands[0]?.[0]).toMatch(/^evalsha$/i);
});

test('hot after a hundred reads in the window, refused when none is left', async () => {
  expect(await limitsOn(left(LIMIT - 100)).readLimits('a')).toMatchObject({ allowed: true, hot: false });
  expect(await limitsOn(left(LIMIT - 101)).readLimits('a')).toMatchObject({ allowed: true, hot: true });
  expect(await limitsOn(left(-1)).readLimits('a')).toMatchObject({ allowed: false, remaining: 0 });
});

test('who is refused is refused again without a command, until the window is new', async () => {
  const { commands, readLimits } = limitsOn(left(-1));
  await readLimits('a');
  expect(await readLimits('a')).toMatchObject({ allowed: false });
  expect(commands).toHaveLength(1);
});

test.each<[string, () => unknown]>([
  ['down', () => Promise.reject(new TypeError('fetch failed'))],
  ['out of order', () => Response.json({ error: 'ERR' }, { status: 400 })],
  ['slow', () => new Promise(() => {})],
  ['confused', () => 'many'],
])('Redis %s: reads pass, within 0.3 s', async (_name, respond) => {
  const { readLimits } = limitsOn(respond);
  const started = performance.now();
  expect(await readLimits('a')).toBeNull();
  expect(performance.now() - started).toBeLessThan(1_000);
});

test('headers of the draft', () => {
  expect(rateLimitHeaders({ allowed: true, limit: 600, remaining: 12, resetSeconds: 31, hot: true })).toEqual({
    'ratelimit-policy': '"reads";q=600;w=60',
    ratelimit: '"reads";r=12;t=31',
  });
});

test('a snapshot is kept for a second, under the caller and the job', async () => {
  const row = { id: 'job_1', status: 'processing' };
  const { commands, redis: client } = redis(([command]) =>
    String(command).toLowerCase() === 'get' ? JSON.stringify(row) : 'OK',
  );
  const snapshots = createJobSnapshots({ redis: client, log: () => {} });
  await snapshots.put('caller', row as never);
  expect(await snapshots.get('caller', 'job_1')).toEqual(row);
  expect(commands.map((command) => command.slice(0, 2).map((word) => String(word).toLowerCase()))).toEqual([
    ['set', 'job:caller:job_1'],
    ['get', 'job:caller:job_1'],
  ]);
  expect(commands[0]?.slice(3).map((word) => String(word).toLowerCase())).toEqual(['px', '1000']);
});

test.each<[string, () => unknown]>([
  ['had', () => Promise.reject(new TypeError('fetch failed'))],
  ['read', () => '{'],
])('a snapshot that cannot be %s is none', async (_how, respond) => {
  const { redis: client } = redis(respond);
  const snapshots = createJobSnapshots({ redis: client, log: () => {} });
  expect(await snapshots.get('caller', 'job_1')).toBeNull();
  await snapshots.put('caller', { id: 'job_1' } as never);
});
