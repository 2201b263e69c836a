import { killWorkers, restart } from '../crash.ts';
import type { Act } from '../proxy.ts';
import type { Random } from '../random.ts';
import type { SeamName } from '../seams.ts';
import type { World } from '../world.ts';
import {
  callbacks,
  type Fault,
  hooks,
  lie,
  type Matches,
  publishes,
  rpc,
  someProvider,
  submissions,
  uploads,
  WRITES,
  wakes,
} from './fault.ts';

/** Workers and machines that die. */
export const workerFaults: Fault[] = [
  {
    name: '10-crash-between-commit-and-publish',
    per200: 2,
    inject: (world, random, name) =>
      lie(world, name, {
        seam: 'supabase',
        matches: rpc(random.pick(['accept', 'record_verdict', 'claim'])),
        act: killBetween(world),
      }),
  },
  {
    name: '22-worker-killed',
    per200: 5,
    inject: (world, random, name) => {
      const { seam, matches } = someStep(random);
      lie(world, name, { seam, matches, act: random.chance(0.5) ? killBefore(world) : killBetween(world) });
    },
  },
  {
    name: '23-work-after-the-answer-cut',
    per200: 2,
    inject: (world, _random, name) => lie(world, name, { seam: 'public', matches: callbacks, act: killBetween(world) }),
  },
  {
    name: 'stack-killed',
    per200: 1,
    window: [0.2, 0.8],
    restarts: true,
    inject: async (world, _random, name) => {
      await restart(world, 'SIGKILL for everything');
      world.count(name);
    },
  },
];

type Step = { seam: SeamName; matches: Matches };

/** Every request that a job's life makes; workerd dies just before one is made, or just after it had its effect. */
function someStep(random: Random): Step {
  const calls: Step[] = WRITES.map((fn) => ({ seam: 'supabase', matches: rpc(fn) }));
  return random.pick<Step>([
    ...calls,
    { seam: 'qstash', matches: publishes },
    { seam: 'public', matches: wakes },
    { seam: someProvider(random), matches: submissions },
    { seam: 'public', matches: hooks },
    { seam: 'cloudinary', matches: uploads },
    { seam: 'public', matches: callbacks },
    { seam: 'inbox', matches: () => true },
  ]);
}

/** The effect has happened; the answer finds nobody, or is the last thing that left. */
function killBetween(world: World): Act {
  return async (_exchange, forward, { happened, decline }) => {
    const reply = await forward();
    if (killWorkers(world)) happened();
    else decline();
    return reply;
  };
}

/** A request that is on its way when its sender dies arrives all the same; one to a Worker finds nobody. */
function killBefore(world: World): Act {
  return async (_exchange, forward, { happened, decline }) => {
    if (killWorkers(world)) happened();
    else decline();
    return forward();
  };
}
