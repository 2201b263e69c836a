import type { BatchRequest, JobRequest } from '../../../shared/contract/job-request.ts';
import type { JobSpec } from '../../../shared/db/rows.ts';
import { type FieldError, invalidField, ok, type Result } from '../../../shared/errors/result.ts';
import { buildJobSpec, type SpecDeps } from './job-spec.ts';

/** All jobs of a batch, or the first refusal with its paths under `jobs[n]`. One payer: every job names the same, or none does. */
export function buildBatchSpecs({ jobs }: BatchRequest, deps: SpecDeps): Result<JobSpec[]> {
  const specs: JobSpec[] = [];
  for (const [index, job] of jobs.entries()) {
    const at = `jobs[${index}]`;
    const stray = strayField(job, jobs[0] as JobRequest);
    if (stray) return invalidField(`${at}.${stray.path}`, stray.message);
    const spec = buildJobSpec(job, deps);
    if (!spec.ok) return { ok: false, refusal: { ...spec.refusal, errors: spec.refusal.errors?.map(under(at)) } };
    specs.push(spec.value);
  }
  return ok(specs);
}

function strayField(job: JobRequest, first: JobRequest): FieldError | null {
  if (job.quote_id !== undefined) return { path: 'quote_id', message: 'Belongs to the batch, not to one of its jobs' };
  if (job.project_id !== first.project_id) return { path: 'project_id', message: 'All jobs of a batch have one payer' };
  if (job.account_id !== first.account_id) return { path: 'account_id', message: 'All jobs of a batch have one payer' };
  return null;
}

const under = (prefix: string) => (error: FieldError) => ({ ...error, path: `${prefix}.${error.path}` });
