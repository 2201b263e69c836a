import { described, named, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { QuoteId } from './ids.ts';
import { BatchRequest, JobRequest } from './job-request.ts';
import { Credits, Timestamp } from './scalars.ts';

/** A job's body, or a batch's. */
export const QuoteRequest = () => z.union([JobRequest(), BatchRequest()]);

export const Quote = named('Quote', () =>
  z.object({
    id: QuoteId(),
    credits: described(Credits(), 'If the first candidate delivers the stated maximum'),
    credits_max: described(Credits(), 'What will be held'),
    formula: z.string(),
    provider: z.string(),
    model: z.string(),
    display_name: z.string(),
    credential: z.string(),
    balance_after: described(z.nullable(z.int()), 'Null for a client token, which does not see the balance'),
    alternatives: z.array(z.object({ provider: z.string(), model: z.string(), credits: Credits() })),
    expires_at: Timestamp(),
  }),
);
export type Quote = Of<typeof Quote>;
