import { jobFromRow } from '../../../shared/contract/job-from-row.ts';
import { JobRequest } from '../../../shared/contract/job-request.ts';
import { unwrap } from '../../../shared/errors/result.ts';
import { markReplayed } from '../../../shared/http/idempotency-key.ts';
import { route } from '../../../shared/http/route.ts';
import type { Deps } from '../deps.ts';
import { inBackground } from '../http/background.ts';
import { waitSeconds } from '../http/prefer.ts';
import { jobAnswer } from './answers.ts';
import { jobHash, payerOf } from './job-hash.ts';
import { buildJobSpec } from './job-spec.ts';
import { withKeyLinks } from './key-links.ts';
import { isSettled, waitForJob } from './wait.ts';

export const createJob = (deps: Deps) =>
  route({
    method: 'post',
    path: '/v1/jobs',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'Submit a job',
    description:
      'Reserves its credits and answers at once; with `Prefer: wait=N` when the job has ended or its preview is held.',
    body: JobRequest,
    idempotency: 'optional',
    waits: true,
    answers: {
      202: { ...jobAnswer, description: 'Accepted' },
      200: { ...jobAnswer, description: 'Ended while waiting' },
    },
    refusals: [
      'insufficient_credits',
      'spend_cap_reached',
      'forbidden',
      'not_found',
      'model_retired',
      'idempotency_in_flight',
      'idempotency_mismatch',
      'quote_expired',
      'quote_mismatch',
      'provider_key_missing',
      'limit_reached',
    ],
    async handle({ credential, body, idempotencyKey }, c) {
      const request = {
        ...payerOf(body),
        idempotency_key: idempotencyKey,
        request_hash: await jobHash(body),
        quote_id: body.quote_id,
        batch: false,
        jobs: [unwrap(buildJobSpec(body, deps))],
      };
      const answer = await deps.db.accept(credential, request);
      const { jobs, lanes, replayed } = unwrap(withKeyLinks(answer, deps.settings.origin));
      inBackground(c, deps.wake(lanes));
      const seconds = waitSeconds(c.req.header('prefer'));
      const [accepted] = jobs;
      const job = await waitForJob(deps, { credential, job: accepted, seconds, signal: c.req.raw.signal });
      markReplayed(c, replayed);
      c.header('location', `${deps.settings.origin}/v1/jobs/${job.id}`);
      if (seconds > 0) c.header('preference-applied', `wait=${seconds}`);
      return c.json(jobFromRow(job, deps.settings.origin), seconds > 0 && isSettled(job) ? 200 : 202);
    },
  });
