import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Post, send } from './load.ts';
import type { BenchStack } from './stack.ts';
import { startWorkerd } from './workerd.ts';

/** Asks a service so often, one call after the other, and after each another Worker, if it is told to. */
const hopWorker = `export default {
  async fetch(request, { SERVICE, WORKER }) {
    const { searchParams } = new URL(request.url);
    for (let n = 0; n < Number(searchParams.get('count')); n++) {
      await (await fetch(SERVICE)).text();
      if (searchParams.has('worker')) await (await fetch(WORKER)).text();
    }
    return new Response();
  },
};
`;

const FEW = 1;
const MANY = 11;
/** How long a service is at work, about: who waits for it has gone to sleep by then, and is woken up for the answer. */
const AT_WORK_MS = 5;
/** How long nobody has asked for anything before a webhook comes. */
const AT_REST_MS = 50;
const NOTHING = '/internal/nothing';

/** Milliseconds of one hop at whose end nothing is done. */
export type EmptyHop = {
  /** From a Worker to a service and back, without the time that the service is at work. */
  toService: number;
  /** From a Worker to another one through the front door, and back. */
  toWorker: number;
  /** From outside through the front door to a Worker that was at rest, and back. */
  fromRest: number;
};

export type Hop = {
  measure: () => Promise<EmptyHop>;
  /** A POST from outside to the front door. */
  post: (message: Post) => ReturnType<typeof send>;
  end: () => Promise<void>;
};

/** Measures hops of this stack; what a request costs beside is taken off. */
export async function startHop({ stack }: BenchStack): Promise<Hop> {
  const service = await startService();
  const agent = new Agent({ keepAlive: true });
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-hop-'));
  const file = join(folder, 'index.js');
  writeFileSync(file, hopWorker);
  const { port, stop } = await startWorkerd({
    file,
    env: { SERVICE: service.origin, WORKER: stack().origin + NOTHING },
  });
  const post = (message: Post) => send(agent, Number(new URL(stack().origin).port), message);
  const one = async (query: string) => {
    const few = await timed(() => fetch(`http://127.0.0.1:${port}/?count=${FEW}${query}`));
    return ((await timed(() => fetch(`http://127.0.0.1:${port}/?count=${MANY}${query}`))) - few) / (MANY - FEW);
  };
  const measure = async () => {
    const whole = await one('');
    const toService = whole - service.meanMs();
    const toWorker = (await one('&worker')) - whole;
    await sleep(AT_REST_MS);
    const fromRest = await timed(() => post({ path: NOTHING, headers: {}, body: '{}' }));
    return { toService, toWorker, fromRest };
  };
  const end = async () => {
    agent.destroy();
    service.close();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { measure, post, end };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  const answer = await act();
  if (answer instanceof Response) await answer.text();
  return performance.now() - begin;
}

/** Answers after a while; `meanMs` is how long that took since it was asked last. */
async function startService() {
  let took: number[] = [];
  const server = createServer((_incoming, outgoing) => {
    const at = performance.now();
    outgoing.on('close', () => took.push(performance.now() - at));
    setTimeout(() => outgoing.end('{}'), AT_WORK_MS);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    meanMs() {
      const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
      took = [];
      return mean;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
