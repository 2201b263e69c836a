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

/** A run that did almost nothing proves nothing. Shares of the jobs asked for, and of those accepted. */
const LEAST_ACCEPTED = 0.5;
const LEAST_COMPLETED = 0.25;

const WRONG: Wrong[] = ['violations', 'lost', 'double_charged', 'unrefunded', 'stuck'];

export async function resultOf(world: World): Promise<Verdict> {
  const { plan, operations, happened, findings } = world;
  const asked = operations.reduce((sum, { operation }) => sum + operation.jobs.length, 0);
  const accepted = operations.reduce((sum, { ids }) => sum + (ids?.length ?? 0), 0);
  await countLateWakes(world);
  const counts = Object.fromEntries(WRONG.map((kind) => [kind, findings.filter((one) => one.kind === kind).length]));
  const statuses = await world.look.must<{ status: string; jobs: number }>(
    'select status, count(*) as jobs from darkroom.jobs group by 1 order by 1',
  );
  world.log(
    `Accepted ${accepted} of ${asked} jobs; ${statuses.map(({ status, jobs }) => `${jobs} ${status}`).join(', ')}`,
  );
  const completed = statuses.find(({ status }) => status === 'completed')?.jobs ?? 0;
  const faults = Object.fromEntries(Object.entries(happened).sort());
  const result = { seed: plan.seed, jobs: asked, accepted, faults, ...(counts as Record<Wrong, number>) };
  const vacuous = whyVacuous({ asked, accepted, completed }, plan.faults, faults);
  return vacuous === undefined ? result : { ...result, vacuous };
}

type Shares = { asked: number; accepted: number; completed: number };

function whyVacuous(
  { asked, accepted, completed }: Shares,
  planned: { name: string }[],
  happened: Record<string, number>,
): string | undefined {
  const names = [...new Set(planned.map(({ name }) => name))];
  const missing = names.filter((name) => !happened[name]);
  if (accepted < asked * LEAST_ACCEPTED)
    return `only ${accepted} of ${asked} jobs were accepted (least ${LEAST_ACCEPTED * 100} %)`;
  if (completed < accepted * LEAST_COMPLETED)
    return `only ${completed} of ${accepted} accepted jobs completed (least ${LEAST_COMPLETED * 100} %)`;
  if (names.length > 0 && missing.length > names.length / 2)
    return `these faults never happened: ${missing.join(', ')}`;
  return undefined;
}

/** 16: wake-ups that the queue still keeps for half an hour from now. */
async function countLateWakes({ stack, plan, count }: World): Promise<void> {
  const ordered = plan.faults.filter(({ name }) => name === LATE).length;
  const response = await fetch(`${stack.file().emulators.qstash}/__messages?limit=1`);
  const { waiting } = (await response.json()) as { waiting: number };
  if (Math.min(ordered, waiting) > 0) count(LATE, Math.min(ordered, waiting));
}

const LATE = '16-wake-33-minutes-late';
