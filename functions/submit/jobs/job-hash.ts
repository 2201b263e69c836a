import type { BatchRequest, JobRequest } from '../../../shared/contract/job-request.ts';
import { requestHash } from '../../../shared/http/request-hash.ts';

/**
 * What a job's Idempotency-Key and its quote are bound to. The quote's own id is left out and the path is always the one that will
 * spend it, so that a quote and the request it was made for have the same hash.
 */
export const jobHash = (job: JobRequest) => requestHash('POST', '/v1/jobs', unquoted(understood(job)));

export const batchHash = (batch: BatchRequest) => requestHash('POST', '/v1/batches', unquoted(understoodBatch(batch)));

/** What a quote's own Idempotency-Key is bound to. */
export const quoteHash = (body: JobRequest | BatchRequest) =>
  requestHash('POST', '/v1/quotes', 'jobs' in body ? understoodBatch(body) : understood(body));

/** Without the one default that the schema leaves open: no model is a workflow, so a preview that is not mentioned is none. */
const understood = <J extends Pick<JobRequest, 'preview'>>(job: J) => ({ ...job, preview: job.preview || undefined });

const understoodBatch = (batch: BatchRequest) => ({ ...batch, jobs: batch.jobs.map(understood) });

const unquoted = <B extends { quote_id?: string }>({ quote_id: _, ...body }: B) => body;

/** Who is asked to pay; the database decides whether the caller may ask that. */
export const payerOf = ({ account_id, project_id }: Pick<JobRequest, 'account_id' | 'project_id'>) => ({
  account_id,
  project_id,
});
