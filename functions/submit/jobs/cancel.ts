import { unwrap } from '../../../shared/errors/result.ts';
import { requestHash } from '../../../shared/http/request-hash.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { changedJob, JobParams, jobAnswer } from './answers.ts';

export const cancelJob = (deps: Deps) =>
  route({
    method: 'post',
    path: '/v1/jobs/{id}/cancel',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'Cancel a job',
    description: 'Always answers with the job as it is: one that has ended stays as it ended.',
    params: JobParams,
    idempotency: 'optional',
    answers: { 200: jobAnswer },
    refusals: ['not_found', 'idempotency_mismatch'],
    async handle({ credential, params, idempotencyKey }, c) {
      const idempotency = { key: idempotencyKey, request_hash: await requestHash('POST', c.req.path, {}) };
      return changedJob(c, deps, unwrap(await deps.db.cancelJob(credential, params.id, idempotency)));
    },
  });
