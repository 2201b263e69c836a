import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assignPorts, claimFrontDoor, wantedPort } from './ports.ts';
import { readState, stateFolder } from './state-folder.ts';

let folder: string;
let server: Server;
let taken: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-ports-'));
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  taken = (server.address() as { port: number }).port;
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test('a port once given is kept', async () => {
  const state = stateFolder(folder);
  const { ports } = await assignPorts(state, ['postgres', 'fal']);
  expect(new Set(Object.values(ports)).size).toBe(2);
  expect(await assignPorts(state, ['fal', 'postgres'])).toEqual({ ports, moved: [] });
});

test('a port that somebody else has now is replaced, and named', async () => {
  const state = stateFolder(folder);
  writeFileSync(state.ports, JSON.stringify({ postgres: taken, other: 1 }));
  const { ports, moved } = await assignPorts(state, ['postgres']);
  expect(moved).toEqual(['postgres']);
  expect(ports.postgres).not.toBe(taken);
  expect(readState(state.ports)).toEqual(ports);
});

test('PORT is a number of a port', () => {
  expect([wantedPort(undefined), wantedPort(''), wantedPort('0'), wantedPort('9000')]).toEqual([8787, 8787, 0, 9000]);
  for (const wrong of ['http', '-1', '70000', '80.5']) expect(() => wantedPort(wrong)).toThrow(`PORT=${wrong}`);
});

test('a front door that is taken names the next one', async () => {
  await expect(claimFrontDoor(taken)).rejects.toMatchObject({
    message: `Port ${taken} is taken by another program.`,
    wayOut: `Use another one: PORT=${taken + 1} npm start`,
  });
});
