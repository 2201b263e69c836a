import { RefundRequest } from '../../../shared/contract/money.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { requestHash } from '../../../shared/http/request-hash.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { changedJob, JobParams, jobAnswer } from './answers.ts';

export const refundJob = (deps: Deps) =>
  route({
    method: 'post',
    path: '/v1/jobs/{id}/refund',
    scopes: ['admin'],
    tag: 'Credits',
    summary: 'Give back credits of a job (operators)',
    params: JobParams,
    body: RefundRequest,
    idempotency: 'required',
    answers: { 200: jobAnswer },
    refusals: ['forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
    async handle({ credential, params, body, idempotencyKey }, c) {
      const request = {
        ...body,
        job_id: params.id,
        idempotency_key: idempotencyKey,
        request_hash: await requestHash('POST', c.req.path, body),
      };
      return changedJob(c, deps, unwrap(await deps.db.refundJob(credential, request)));
    },
  });
