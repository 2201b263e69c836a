import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFrontDoor } from './front-door.ts';
import { isFree } from './ports.ts';

let upstream: Server;
let door: { close: () => void };
let origin: string;

beforeEach(async () => {
  upstream = createServer((request, response) => {
    if (request.url === '/cut') return void request.socket.destroy();
    response.writeHead(200);
    if (request.url === '/stream') {
      response.write('first');
      return void setTimeout(() => response.end('last'), 200);
    }
    let bytes = 0;
    request.on('data', (chunk) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.end(String(bytes)));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  let port = 20_000;
  while (!(await isFree(port))) port += 1;
  door = await openFrontDoor(port, (upstream.address() as { port: number }).port);
  origin = `http://127.0.0.1:${port}`;
});

afterEach(() => {
  door.close();
  upstream.close();
});

test('a stream arrives as it is sent', async () => {
  const began = performance.now();
  const reader = (await fetch(`${origin}/stream`)).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
  expect(performance.now() - began).toBeLessThan(190);
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('last');
});

test('a big body passes whole', async () => {
  const answer = await fetch(origin, { method: 'POST', body: new Uint8Array(20_000_000) });
  expect(await answer.text()).toBe('20000000');
});

test('a connection that breaks behind the door breaks before it', async () => {
  await expect(fetch(`${origin}/cut`)).rejects.toThrow('fetch failed');
});

test('a port that is taken is a Problem', async () => {
  const { port } = new URL(origin);
  await expect(openFrontDoor(Number(port), 1)).rejects.toThrow(`Port ${port} is taken`);
});
