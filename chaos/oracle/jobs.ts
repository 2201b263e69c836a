import { eachLimited } from '../../shared/async/each-limited.ts';
import { call, type Json } from '../client.ts';
import { type OperationLog, see } from '../operation-log.ts';
import { clientTarget } from '../submit.ts';
import type { World } from '../world.ts';

export type StoredJob = {
  id: string;
  account_id: string;
  status: string;
  operation: number;
  hold: number;
  charges: number;
  deadline_set: boolean;
  previewed: boolean;
};

/** Every job that the database has, and what a client's request it came from. */
export const storedJobs = ({ look }: World): Promise<StoredJob[]> =>
  look.must<StoredJob>(
    `select j.id, j.account_id, j.status, (j.metadata->>'operation')::int as operation, h.credits as hold,
        coalesce(e.charged, 0) as charges, j.deadline_set,
        exists (select from darkroom.job_events v where v.job_id = j.id and v.to_status = 'preview_ready') as previewed
      from darkroom.jobs j join darkroom.holds h on h.id = j.id left join darkroom.hold_ends e on e.hold_id = j.id`,
  );

/** What clients were told, against what is stored: nothing that was accepted is lost, nothing runs twice, nothing runs unasked. */
export function checkPromises({ operations, accounts, report }: World, stored: StoredJob[]): void {
  const byId = new Map(stored.map((job) => [job.id, job]));
  for (const log of operations) {
    const { operation, ids = [] } = log;
    const owner = accounts[operation.account]?.id;
    for (const id of ids) {
      const job = byId.get(id);
      if (job === undefined) report('lost', 'a job that was accepted is not there', { operation: operation.id, id });
      else if (job.account_id !== owner) report('violations', '25 a job belongs to somebody else', { id });
    }
    checkUnasked(
      log,
      stored.filter((job) => job.operation === operation.id),
      report,
    );
  }
}

function checkUnasked({ operation, ids, refusal }: OperationLog, jobs: StoredJob[], report: World['report']): void {
  const detail = { operation: operation.id, told: ids, refusal, stored: jobs.map(({ id }) => id) };
  if (jobs.length > operation.jobs.length) report('violations', '12 one request, more than its jobs', detail);
  if (ids !== undefined && jobs.some(({ id }) => !ids.includes(id)))
    report('violations', '12 a job that nobody was told of', detail);
  if (ids === undefined && refusal !== undefined && jobs.length > 0 && operation.keyed)
    report('violations', '13 refused, but a job exists', detail);
}

/** Every job as its client sees it at the end: the sums of its credits, and that it is what the database says. */
export async function checkViews(world: World, stored: StoredJob[]): Promise<void> {
  const byId = new Map(stored.map((job) => [job.id, job]));
  const views = world.operations.flatMap((log) => (log.ids ?? []).map((id) => ({ log, id })));
  await eachLimited(views, { limit: 8 }, async ({ log, id }) => {
    const { status, body } = await call(clientTarget(world), { path: `/v1/jobs/${id}`, apiKey: log.request.apiKey });
    const job = byId.get(id);
    if (status !== 200) world.report('lost', 'a job cannot be read at the end', { id, status });
    else if (job) checkView(world, log, job, body);
  });
}

function checkView({ report }: World, log: OperationLog, job: StoredJob, view: Json): void {
  see({ report }, log, view);
  const { held, charged, refunded } = view.credits;
  const detail = { id: job.id, status: view.status, hold: job.hold, held, charged, refunded };
  const first: Json = log.looks[job.id]?.[0];
  if (view.status !== job.status)
    report('violations', 'a client sees another status', { ...detail, stored: job.status });
  if (first?.credits.held > 0 && first.credits.held !== job.hold)
    report('violations', 'the hold is not what was said', detail);
  if (!view.finished_at) return;
  if (held !== 0 || charged + refunded !== job.hold)
    report('unrefunded', 'charged and refunded do not make the hold', detail);
  if (charged !== job.charges)
    report('violations', 'a client sees another charge', { ...detail, charges: job.charges });
  const finals = view.outputs.filter(({ stage }: Json) => stage === 'final').length;
  if (view.status !== 'completed' && finals > 0) report('violations', 'outputs of a job that is not paid', detail);
  if (view.status === 'completed' && view.outputs.length === 0)
    report('violations', 'completed without output', detail);
}
