import { proveOracle } from './oracle/prove.ts';
import { kindsOf } from './plan-faults.ts';
import { type Coverage, whyVacuous } from './vacuous.ts';
import type { World, Wrong } from './world.ts';

/** What the last line of standard output says. `accepted` counts jobs; the last five are counts of what is wrong. */
export type Result = {
  seed: number;
  jobs: number;
  accepted: number;
  faults: Record<string, number>;
  violations: number;
  lost: number;
  double_charged: number;
  unrefunded: number;
  stuck: number;
};
/** With the reason why the run proves nothing, if it does not. */
export type Verdict = Result & { vacuous?: string };

const WRONG: Wrong[] = ['violations', 'lost', 'double_charged', 'unrefunded', 'stuck'];

/** How many things are wrong. */
export const wrongOf = (result: Result): number => WRONG.reduce((sum, kind) => sum + result[kind], 0);

export async function resultOf(world: World): Promise<Verdict> {
  await countLateWakes(world);
  const result = counted(world);
  const vacuous = whyVacuous(await coverageOf(world, result));
  return vacuous === undefined ? result : { ...result, vacuous };
}

function counted({ plan, operations, happened, findings }: World): Result {
  const wrong = WRONG.map((kind) => [kind, findings.filter((one) => one.kind === kind).length]);
  return {
    seed: plan.seed,
    jobs: operations.reduce((sum, { operation }) => sum + operation.jobs.length, 0),
    accepted: operations.reduce((sum, { ids }) => sum + (ids?.length ?? 0), 0),
    faults: Object.fromEntries(Object.entries(happened).sort()),
    ...(Object.fromEntries(wrong) as Record<Wrong, number>),
  };
}

async function coverageOf(world: World, { jobs: asked, accepted, faults }: Result): Promise<Coverage> {
  const { plan, evidence, log } = world;
  const completed = await logStatuses(world, { asked, accepted });
  const { tried, missed } = await proveOracle(world);
  log(`Of ${tried} rows broken on purpose the oracle noticed ${tried - missed.length}`);
  const submitted = await countSubmitted(world);
  const seen = { submissions: evidence.submissions.size, submitted, looks: evidence.looks };
  return { asked, accepted, completed, planned: kindsOf(plan), faults, ...seen, missed };
}

/** Says how the jobs ended; the number of those that completed. */
async function logStatuses({ look, log }: World, { asked, accepted }: Record<'asked' | 'accepted', number>) {
  const statuses = await look.must<{ status: string; jobs: number }>(
    'select status, count(*) as jobs from darkroom.jobs group by 1 order by 1',
  );
  const each = statuses.map(({ status, jobs }) => `${jobs} ${status}`);
  log(`Accepted ${accepted} of ${asked} jobs; ${each.join(', ')}`);
  return statuses.find(({ status }) => status === 'completed')?.jobs ?? 0;
}

/** Attempts that a provider has given a number: each of them must have passed a seam. */
async function countSubmitted({ look }: World): Promise<number> {
  const rows = await look.must<{ n: number }>(
    'select count(*) as n from darkroom.attempts where provider_request_id is not null',
  );
  return rows[0]?.n ?? 0;
}

/** 16: wake-ups that the queue still keeps for half an hour from now. */
async function countLateWakes({ stack, plan, count }: World): Promise<void> {
  const ordered = plan.faults.filter(({ name }) => name === LATE).length;
  const response = await fetch(`${stack.file().emulators.qstash}/__messages?limit=1`);
  const { waiting } = (await response.json()) as { waiting: number };
  if (Math.min(ordered, waiting) > 0) count(LATE, Math.min(ordered, waiting));
}

const LATE = '16-wake-33-minutes-late';
