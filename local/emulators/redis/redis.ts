import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { createFaults, type Faults } from '../qstash/faults.ts';
import { dropConnection } from '../support/connection.ts';
import type { Emulator } from '../support/serve.ts';
import { openDatabase } from '../support/store.ts';
import { answer, answerAll } from './answer.ts';
import { createEngine } from './engine.ts';
import { createExecutor, type Reply } from './execute.ts';
import { requireMethod, requireToken } from './guard.ts';
import { parseCommand, parsePath } from './request.ts';
import { createSnapshot, type Entry } from './snapshot.ts';

export type RedisOptions = {
  /** The only bearer token that is accepted. */
  token: string;
  /** State file; by default nothing outlives the process. */
  file?: string;
  /** How often changes are written: what a kill may lose. Default 1 second. */
  flushMs?: number;
};

const FAULTS = ['down', 'slow', 'drop'] as const;
/** Longer than the 5 seconds after which `@upstash/ratelimit` lets everything through. */
const SLOW_MS = 6000;

type Stats = { requests: number; commands: number; by_command: Record<string, number> };

/** Upstash Redis over REST: single commands, pipelines and transactions, as JSON or in the path. */
export function createRedis({ token, file = ':memory:', flushMs = 1000 }: RedisOptions): Emulator {
  const database = openDatabase(file);
  const engine = createEngine();
  const snapshot = createSnapshot(engine, database.table<Entry>('keys'));
  const stats: Stats = { requests: 0, commands: 0, by_command: {} };
  const executor = createExecutor(engine);
  const faults = createFaults(FAULTS);
  const timer = setInterval(snapshot.flush, flushMs).unref();

  async function execute(words: string[]): Promise<Reply> {
    const name = words[0]?.toLowerCase() ?? '';
    stats.commands += 1;
    stats.by_command[name] = (stats.by_command[name] ?? 0) + 1;
    const reply = executor.execute(words);
    if (/expire|persist|getex/.test(name) && words[1] !== undefined) snapshot.touch(words[1]);
    return reply;
  }

  const app = new Hono();
  app.post('/__control', faults.control);
  app.get('/__stats', (c) => c.json({ ...stats, keys: engine.data.keys().length }));
  app.use(requireMethod, requireToken(token), async (c, next) => {
    stats.requests += 1;
    return (await disturbed(c, faults)) ?? next();
  });
  app.post('/', async (c) => answer(c, parseCommand(await c.req.json().catch(() => undefined)), execute));
  app.post('/pipeline', (c) => answerAll(c, execute));
  app.post('/multi-exec', (c) => answerAll(c, execute, executor.refusal));
  app.all('/*', async (c) => answer(c, await parsePath(c), execute));

  async function stop(): Promise<void> {
    clearInterval(timer);
    snapshot.flush();
    database.close();
    engine.disconnect();
  }
  return { name: 'redis', app, stop };
}

async function disturbed(c: Context, faults: Faults<(typeof FAULTS)[number]>): Promise<Response | undefined> {
  const found = faults.take(FAULTS, {});
  if (found?.fault === 'down') return c.json({ error: 'ERR internal server error' }, 500);
  if (found?.fault === 'drop') return dropConnection(c);
  if (found?.fault === 'slow') await sleep(found.ms ?? SLOW_MS);
  return undefined;
}
