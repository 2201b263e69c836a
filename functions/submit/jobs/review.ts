import { unwrap } from '../../../shared/errors/result.ts';
import { requestHash } from '../../../shared/http/request-hash.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { changedJob, JobParams, jobAnswer } from './answers.ts';

const review = (deps: Deps, decision: 'approve' | 'reject', summary: string) =>
  route({
    method: 'post',
    path: `/v1/jobs/{id}/${decision}`,
    scopes: ['jobs'],
    tag: 'Jobs',
    summary,
    params: JobParams,
    idempotency: 'optional',
    answers: { 200: jobAnswer },
    refusals: ['not_found', 'invalid_state', 'idempotency_mismatch'],
    async handle({ credential, params, idempotencyKey }, c) {
      const idempotency = { key: idempotencyKey, request_hash: await requestHash('POST', c.req.path, {}) };
      return changedJob(c, deps, unwrap(await deps.db.reviewJob(credential, params.id, decision, idempotency)));
    },
  });

export const approveJob = (deps: Deps) => review(deps, 'approve', 'Approve a held preview: the final is made');

export const rejectJob = (deps: Deps) => review(deps, 'reject', 'Reject a held preview: only the preview is charged');
