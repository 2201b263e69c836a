import type { BatchRequest, JobRequest } from '../../../shared/contract/job-request.ts';
import { requestHash } from '../../../shared/http/request-hash.ts';

/**
 * What a job's Idempotency-Key and its quote are bound to. The quote's own id is left out and the path is always the one that will
 * spend it, so that a quote and the request it was made for have the same hash.
 */
export const jobHash = ({ quote_id: _, ...body }: JobRequest) => requestHash('POST', '/v1/jobs', body);

export const batchHash = ({ quote_id: _, ...body }: BatchRequest) => requestHash('POST', '/v1/batches', body);

/** Who is asked to pay; the database decides whether the caller may ask that. */
export const payerOf = ({ account_id, project_id }: Pick<JobRequest, 'account_id' | 'project_id'>) => ({
  account_id,
  project_id,
});
