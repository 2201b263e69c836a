import type { Input } from '../../../shared/catalog/input.ts';
import { findModel } from '../../../shared/catalog/models.ts';
import { quoteFormula } from '../../../shared/catalog/pricing.ts';
import { routeOf } from '../../../shared/catalog/provider-input.ts';
import type { Candidate, JobSpec } from '../../../shared/db/rows.ts';
import type { QuoteRow } from '../../../shared/db/submit.ts';

/** What people want to read on a quote besides its numbers. `now` in milliseconds. */
export function describeQuote(
  quote: QuoteRow,
  jobs: JobSpec[],
  now: number,
): { display_name: string; formula: string } {
  const [first] = jobs;
  return {
    display_name: findModel(first?.model ?? '')?.model.name ?? quote.model,
    formula: jobs.map((job) => formulaOf(job, quote, now)).join('; '),
  };
}

function formulaOf(job: JobSpec, quote: QuoteRow, now: number): string {
  const stage = job.stages.final ? 'final' : 'preview';
  const model = findModel(job.model)?.model;
  const paid = paidCandidate(job.stages[stage]?.candidates ?? [], quote);
  if (!model || !paid) return '';
  if (quote.credential !== 'environment') return `${job.count} × ${paid.fee_credits} credits with a key of your own`;
  const route = routeOf(model, paid.provider_model, paid.provider);
  return quoteFormula(model, route, { input: job.input as Input, count: job.count, stage, now });
}

/** The candidate that the quote counts with; of the other jobs in a batch the first is meant. */
const paidCandidate = (candidates: Candidate[], quote: QuoteRow) =>
  candidates.find(({ provider, provider_model }) => provider === quote.provider && provider_model === quote.model) ??
  candidates[0];
