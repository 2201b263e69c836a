import { BatchRequest, JobRequest } from '../../shared/contract/job-request.ts';
import { Quote, QuoteRequest } from '../../shared/contract/quote.ts';
import { type Result, unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { route } from '../../shared/http/route.ts';
import { validate } from '../../shared/http/validate.ts';
import type { Deps } from './deps.ts';
import { buildBatchSpecs } from './jobs/batch-spec.ts';
import { describeQuote } from './jobs/describe-quote.ts';
import { batchHash, jobHash, payerOf, quoteHash } from './jobs/job-hash.ts';
import { buildJobSpec } from './jobs/job-spec.ts';
import { withKeyLinks } from './jobs/key-links.ts';

export const quotes = (deps: Deps) =>
  route({
    method: 'post',
    path: '/v1/quotes',
    scopes: ['jobs'],
    tag: 'Jobs',
    summary: 'What a job or a batch would cost, binding for one request of the same body',
    body: QuoteRequest,
    parseBody: parseEither,
    idempotency: 'optional',
    answers: { 200: { description: 'The quote', schema: Quote } },
    refusals: ['forbidden', 'not_found', 'model_retired', 'idempotency_mismatch', 'provider_key_missing'],
    async handle({ credential, body, idempotencyKey }, c) {
      const idempotency_hash = await quoteHash(body);
      const request = { ...(await quoted(body, deps)), idempotency_key: idempotencyKey, idempotency_hash };
      const answer = await deps.db.quote(credential, request);
      const { replayed, ...quote } = unwrap(withKeyLinks(answer, deps.settings.origin));
      markReplayed(c, replayed);
      return c.json({ ...quote, ...describeQuote(quote, request.jobs, deps.now()) });
    },
  });

/** By what it is, not by trying both: errors then name the fields of the one that was meant. */
function parseEither(raw: unknown): Result<BatchRequest | JobRequest> {
  const isBatch = typeof raw === 'object' && raw !== null && 'jobs' in raw;
  return isBatch ? validate(BatchRequest(), raw) : validate(JobRequest(), raw);
}

async function quoted(body: BatchRequest | JobRequest, deps: Deps) {
  if ('jobs' in body) {
    const jobs = unwrap(buildBatchSpecs(body, deps));
    return { ...payerOf(body.jobs[0] as JobRequest), request_hash: await batchHash(body), batch: true, jobs };
  }
  return {
    ...payerOf(body),
    request_hash: await jobHash(body),
    batch: false,
    jobs: [unwrap(buildJobSpec(body, deps))],
  };
}
