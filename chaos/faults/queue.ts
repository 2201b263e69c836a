import { setTimeout as sleep } from 'node:timers/promises';
import { answerInstead, dropAfter, dropBefore, duplicate, forgeFirst, reorder } from '../acts.ts';
import { restart } from '../crash.ts';
import type { Act } from '../proxy.ts';
import type { World } from '../world.ts';
import { control, type Fault, lie, publishes, sweeps, wakes } from './fault.ts';

/** Between the Workers and QStash, both ways; and the cron that stands behind it. */
export const queueFaults: Fault[] = [
  {
    name: '08-cron-missed-or-doubled',
    per200: 6,
    inject: (world, random, name) =>
      lie(world, name, { seam: 'public', matches: sweeps, act: random.chance(0.5) ? dropBefore : duplicate(3) }),
  },
  {
    name: 'publish-lost',
    per200: 6,
    inject: (world, _random, name) => lie(world, name, { seam: 'qstash', matches: publishes, act: dropBefore }),
  },
  {
    name: '11-published-answer-lost',
    per200: 6,
    inject: (world, _random, name) => lie(world, name, { seam: 'qstash', matches: publishes, act: dropAfter }),
  },
  {
    name: '13-publish-swallowed-as-duplicate',
    per200: 5,
    inject: (world, _random, name) =>
      lie(world, name, {
        seam: 'qstash',
        matches: publishes,
        act: answerInstead(202, { messageId: 'msg_of_long_ago', deduplicated: true }),
      }),
  },
  {
    name: '14-wake-duplicated',
    per200: 8,
    inject: (world, random, name) =>
      lie(world, name, { seam: 'public', matches: wakes, act: duplicate(random.int(2, 6)) }),
  },
  {
    name: '15-wakes-reordered',
    per200: 5,
    inject: (world, _random, name) => lie(world, name, { seam: 'public', matches: wakes, act: reorder(), times: 2 }),
  },
  {
    // Counted at the end, by what the queue still keeps.
    name: '16-wake-33-minutes-late',
    per200: 3,
    inject: (world) => control(world, 'qstash', { fault: 'delay', ms: 33 * 60_000, times: 1 }),
  },
  {
    name: '17-wake-dead-lettered',
    per200: 2,
    window: [0.03, 0.4],
    inject: (world, _random, name) =>
      lie(world, name, { seam: 'public', matches: wakes, act: refuseToTheEnd(), times: Number.POSITIVE_INFINITY }),
  },
  {
    name: '19-queue-keys-rolled-once',
    per200: 0,
    window: [0.1, 0.4],
    inject: (world, _random, name) => roll(world, name),
  },
  {
    name: '20-queue-keys-rolled-twice',
    per200: 0,
    window: [0.5, 0.7],
    restarts: true,
    inject: async (world, _random, name) => {
      await roll(world, undefined);
      await roll(world, name);
      await sleep(2_500);
      await restart(world, 'new keys of the queue');
    },
  },
  {
    name: '21-publish-refused',
    per200: 6,
    inject: (world, random, name) =>
      lie(world, name, {
        seam: 'qstash',
        matches: publishes,
        act: answerInstead(random.pick([429, 500, 503]), { error: 'not now' }),
      }),
  },
  {
    name: 'wake-forged',
    per200: 3,
    inject: (world, random, name) =>
      lie(world, name, {
        seam: 'public',
        matches: wakes,
        act: forgeFirst(
          ({ body, headers }) =>
            random.chance(0.5)
              ? { body: Buffer.from('{"lane": "somebody:else"}') }
              : { body, headers: { ...headers, 'upstash-signature': 'eyJhbGciOiJub25lIn0.e30.' } },
          ({ path }) => world.report('violations', 'a forged wake-up was taken', { path }),
        ),
      }),
  },
];

/** Refuses one message at every try until the queue gives it up; all others pass. */
function refuseToTheEnd(): Act {
  let chosen: string | undefined;
  return async ({ headers }, forward, { happened, decline }) => {
    const id = headers['upstash-message-id'];
    chosen ??= id;
    if (id !== chosen) {
      decline();
      return forward();
    }
    if (headers['upstash-retried'] !== '0') happened();
    return { status: 500, headers: {}, body: Buffer.from('') };
  };
}

async function roll({ stack, count }: World, name: string | undefined): Promise<void> {
  const { token } = stack.secrets().qstash;
  const url = `${stack.file().emulators.qstash}/v2/keys/rotate`;
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } }).catch(
    () => undefined,
  );
  if (response?.ok && name !== undefined) count(name);
}
