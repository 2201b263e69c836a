import { BatchId } from '../../shared/contract/ids.ts';
import { Job } from '../../shared/contract/job.ts';
import { jobFromRow } from '../../shared/contract/job-from-row.ts';
import { BatchRequest, type JobRequest } from '../../shared/contract/job-request.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { route } from '../../shared/http/route.ts';
import * as z from '../../shared/schema/zod.ts';
import type { Deps } from './deps.ts';
import { inBackground } from './http/background.ts';
import { buildBatchSpecs } from './jobs/batch-spec.ts';
import { batchHash, payerOf } from './jobs/job-hash.ts';
import { withKeyLinks } from './jobs/key-links.ts';

export const batches = (deps: Deps) =>
  route({
    method: 'post',
    path: '/v1/batches',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'Submit several jobs of one payer: accepted or refused as one',
    body: BatchRequest,
    idempotency: 'optional',
    answers: { 202: { description: 'Accepted', schema: () => z.object({ id: BatchId(), jobs: z.array(Job()) }) } },
    refusals: [
      'insufficient_credits',
      'spend_cap_reached',
      'forbidden',
      'not_found',
      'model_retired',
      'idempotency_mismatch',
      'quote_expired',
      'quote_mismatch',
      'provider_key_missing',
      'limit_reached',
    ],
    async handle({ credential, body, idempotencyKey }, c) {
      const answer = await deps.db.accept(credential, {
        ...payerOf(body.jobs[0] as JobRequest),
        idempotency_key: idempotencyKey,
        request_hash: await batchHash(body),
        quote_id: body.quote_id,
        batch: true,
        jobs: unwrap(buildBatchSpecs(body, deps)),
      });
      const accepted = unwrap(withKeyLinks(answer, deps.settings.origin));
      inBackground(c, deps.wake(accepted.lanes));
      markReplayed(c, accepted.replayed);
      const jobs = accepted.jobs.map((row) => jobFromRow(row, deps.settings.origin));
      return c.json({ id: accepted.batch_id, jobs }, 202);
    },
  });
