import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answerAfter, answerInstead, dropAfter, dropBefore, duplicate, reorder, rewrite, truncate } from './acts.ts';
import { type Act, openProxy, type SeamProxy } from './proxy.ts';

let seam: SeamProxy;
let delivered: string[] = [];
let counted = 0;
const service = createServer((request, response) => {
  delivered.push(request.url ?? '');
  response.end(JSON.stringify({ status: 'succeeded', padding: 'x'.repeat(100) }));
});

beforeAll(async () => {
  seam = await openProxy('test');
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  seam.target(`http://127.0.0.1:${(service.address() as AddressInfo).port}`);
});
beforeEach(() => {
  seam.heal();
  delivered = [];
  counted = 0;
});
afterAll(async () => {
  await seam.close();
  service.close();
});

function lie(act: Act, times = 1): void {
  seam.arm({ matches: ({ path }) => path.startsWith('/a'), act, times, happened: () => void counted++ });
}
const get = (path: string) => fetch(seam.origin + path).then((response) => response.text());

test.each([
  ['before delivery', dropBefore, 0],
  ['after delivery', dropAfter, 1],
  ['in the middle of the answer', truncate, 1],
] as const)('a request is lost %s, once', async (_when, act, arrived) => {
  lie(act);
  await expect(get('/a')).rejects.toThrow();
  expect(delivered).toHaveLength(arrived);
  expect(counted).toBe(1);
  expect(await get('/a')).toContain('succeeded');
});

test('what nobody lies in wait for passes untouched', async () => {
  lie(dropBefore);
  expect(await get('/b?x=1')).toContain('succeeded');
  expect(delivered).toEqual(['/b?x=1']);
  expect(counted).toBe(0);
});

test('one request arrives several times and is answered once', async () => {
  lie(duplicate(5));
  expect(await get('/a')).toContain('succeeded');
  expect(delivered).toHaveLength(5);
});

test('the second of two overtakes the first', async () => {
  lie(reorder(), 2);
  const first = get('/a1');
  await new Promise((resolve) => setTimeout(resolve, 30));
  await Promise.all([first, get('/a2')]);
  expect(delivered).toEqual(['/a2', '/a1']);
  expect(counted).toBe(1);
});

test('somebody else answers, in place of the service or after it', async () => {
  lie(answerInstead(429, {}));
  lie(answerAfter(502, 'bad gateway'));
  expect((await fetch(`${seam.origin}/a`)).status).toBe(429);
  expect(delivered).toEqual([]);
  expect((await fetch(`${seam.origin}/a`)).status).toBe(502);
  expect(delivered).toEqual(['/a']);
});

test('an answer is changed; one that is not meant gives the turn back', async () => {
  let asked = 0;
  lie(rewrite(() => (asked++ === 0 ? undefined : { status: 'processing' })));
  expect(await get('/a')).toContain('succeeded');
  expect(counted).toBe(0);
  expect(await get('/a')).toBe('{"status":"processing"}');
  expect(counted).toBe(1);
});

test('what did not happen is not counted: nobody is there', async () => {
  const alone = await openProxy('alone');
  alone.arm({ matches: () => true, act: dropAfter, happened: () => void counted++ });
  await expect(fetch(alone.origin)).rejects.toThrow();
  expect(counted).toBe(0);
  await alone.close();
});
