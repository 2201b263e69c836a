import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { errnoOf, problem } from './problem.ts';
import { readState, type StateFolder, shown, writeState } from './state-folder.ts';

/** Name → port. Kept between starts: stored asset URLs and hook URLs name them. */
export type Ports = Record<string, number>;

/** Below what systems hand out to outgoing connections, so that one of those never sits on a port of ours. */
const RANGE = { from: 15_000, to: 31_000 };

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (errnoOf(error) === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function freePort(taken: Set<number>): Promise<number> {
  for (;;) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

/**
 * A port for each name: the one it had, or a new one. `moved` lists names whose old port somebody else has now; what was
 * stored under the old address (assets, running hooks) cannot be reached there.
 */
export async function assignPorts(state: StateFolder, names: string[]): Promise<{ ports: Ports; moved: string[] }> {
  const known = readState<Ports>(state.ports) ?? {};
  if (!Object.values(known).every((port) => Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw problem(`${shown(state.ports)} is damaged: not all of it are ports.`, `Delete it: rm ${shown(state.ports)}`);
  }
  const ports: Ports = { ...known };
  const moved: string[] = [];
  for (const name of names) {
    const old = known[name];
    if (old !== undefined && (await isFree(old))) continue;
    if (old !== undefined) moved.push(name);
    ports[name] = await freePort(new Set(Object.values(ports)));
  }
  writeState(state.ports, ports, 0o644);
  return { ports, moved };
}

/** The front door's port: `PORT`, default 8787; 0 means any (the same again at the next start, if it is free). */
export function wantedPort(value = process.env.PORT): number {
  if (value === undefined || value === '') return 8787;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw problem(`PORT=${value} is not a port.`, 'Use a number from 1 to 65535: PORT=8788 npm start');
}

export async function claimFrontDoor(port: number): Promise<void> {
  const free = await isFree(port).catch((error: unknown) => {
    if (errnoOf(error) !== 'EACCES') throw error;
    throw problem(`No permission to listen on port ${port}.`, 'Use one above 1023: PORT=8788 npm start', error);
  });
  if (!free) throw problem(`Port ${port} is taken by another program.`, `Use another one: PORT=${port + 1} npm start`);
}
