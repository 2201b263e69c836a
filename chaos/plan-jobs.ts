import type { Random } from './random.ts';

export type JobPlan = {
  model: string;
  prompt: string;
  count: number;
  preview: false | true | 'hold' | 'only';
  priority: 'low' | 'normal' | 'high';
  /** Seconds; null: the operation's own. */
  deadline: number | null;
  webhook: boolean;
};

/** What a client does with what it was given; `after` in ms from the acceptance. */
export type FollowUp = { after: number; action: 'cancel' | 'approve' | 'reject' | 'replay' | 'mismatch' | 'look' };

/** One request of a client: a job, or several as a batch. `at` in ms from the start. */
export type Operation = {
  id: number;
  at: number;
  account: number;
  /** With an Idempotency-Key, and then retried like a real client does; without, it is sent once. */
  keyed: boolean;
  /** How many copies of the first request leave at the same moment. */
  copies: number;
  /** Seconds of `Prefer: wait`. */
  wait: number;
  jobs: JobPlan[];
  followUps: FollowUp[];
};

const MODELS = {
  'flux-dev': 45,
  'flux-1.1-pro': 18,
  'seedream-v4': 8,
  'fal-ai/flux/dev': 12,
  'black-forest-labs/flux-dev': 12,
  'seedance-v1-lite-t2v': 1,
};
const WITH_PREVIEW = new Set(['flux-dev', 'fal-ai/flux/dev', 'black-forest-labs/flux-dev']);

/** Words that steer the emulated providers, and how often. */
const TROUBLE = {
  '': 60,
  '#slow=3': 6,
  '#lost': 4,
  '#dup=20': 4,
  '#nohook': 4,
  '#fail': 4,
  '#badsig': 3,
  '#badmedia': 3,
  '#reject': 2,
  '#nsfw': 2,
  '#500': 2,
  '#final-fail': 2,
  '#hang': 2,
  '#429': 1,
  '#lost-silent': 1,
};

/** Cumulated, in the order of the plan's accounts: most work is where credits and limits do not stop it. */
const ACCOUNT_SHARES = [0.42, 0.78, 0.9, 1];

/** Operations until they hold as many jobs as asked for, spread over the storm. */
export function planOperations(random: Random, jobs: number, stormMs: number): Operation[] {
  const operations: Operation[] = [];
  let left = jobs;
  for (let id = 0; left > 0; id += 1) {
    const batch = random.chance(0.06) ? Math.min(left, random.int(2, 4)) : 1;
    left -= batch;
    operations.push(planOperation(random.fork(`operation ${id}`), { id, batch, stormMs }));
  }
  return operations.sort((one, two) => one.at - two.at);
}

type Frame = { id: number; batch: number; stormMs: number };

function planOperation(random: Random, { id, batch, stormMs }: Frame): Operation {
  const keyed = random.chance(0.88);
  const chosen = random.next();
  const jobs = Array.from({ length: batch }, (_, n) => planJob(random, `operation ${id}.${n}`));
  return {
    id,
    at: Math.floor(random.next() * stormMs * 0.9),
    account: ACCOUNT_SHARES.findIndex((share) => chosen < share),
    keyed,
    copies: keyed && random.chance(0.06) ? 3 : 1,
    wait: batch === 1 && random.chance(0.08) ? 2 : 0,
    jobs,
    followUps: planFollowUps(random, keyed, jobs),
  };
}

function planJob(random: Random, name: string): JobPlan {
  const model = random.weighted(MODELS);
  const preview =
    WITH_PREVIEW.has(model) && random.chance(0.3) ? random.pick([true, 'hold', 'hold', 'only'] as const) : false;
  return {
    model,
    prompt: `${name} ${random.weighted(TROUBLE)}`.trim(),
    count: random.chance(0.2) ? random.int(2, 5) : 1,
    preview,
    priority: random.pick(['low', 'normal', 'normal', 'high'] as const),
    deadline: random.chance(0.3) ? null : random.chance(0.15) ? 5 : random.int(8, 30),
    webhook: random.chance(0.6),
  };
}

function planFollowUps(random: Random, keyed: boolean, jobs: JobPlan[]): FollowUp[] {
  const followUps: FollowUp[] = [];
  if (random.chance(0.12)) followUps.push({ after: random.int(0, 2500), action: 'cancel' });
  if (keyed && random.chance(0.1)) followUps.push({ after: random.int(0, 5000), action: 'replay' });
  if (keyed && random.chance(0.04)) followUps.push({ after: random.int(0, 3000), action: 'mismatch' });
  if (random.chance(0.4)) followUps.push({ after: random.int(200, 6000), action: 'look' });
  if (jobs.some((job) => job.preview === 'hold')) {
    followUps.push({ after: random.int(1500, 6000), action: random.chance(0.65) ? 'approve' : 'reject' });
  }
  return followUps;
}
