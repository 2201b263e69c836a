import * as z from 'zod';
import { QuoteId } from './ids.ts';
import { BatchRequest, JobRequest } from './job-request.ts';
import { Credits, Timestamp } from './scalars.ts';

/** A job's body, or a batch's. */
export const QuoteRequest = z.union([JobRequest, BatchRequest]);

export const Quote = z
  .object({
    id: QuoteId,
    credits: Credits.describe('If the first candidate delivers the stated maximum'),
    credits_max: Credits.describe('What will be held'),
    formula: z.string(),
    provider: z.string(),
    model: z.string(),
    display_name: z.string(),
    credential: z.string(),
    balance_after: z.int(),
    alternatives: z.array(z.object({ provider: z.string(), model: z.string(), credits: Credits })),
    expires_at: Timestamp,
  })
  .meta({ id: 'Quote' });
export type Quote = z.infer<typeof Quote>;
