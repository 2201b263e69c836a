import * as z from 'zod';
import { Job } from './job.ts';
import { WEBHOOK_EVENTS } from './job-request.ts';
import { Timestamp } from './scalars.ts';

/** The body of every message to a partner; signed as Standard Webhooks has it. */
export const WebhookEvent = z
  .object({
    type: z.enum(WEBHOOK_EVENTS),
    timestamp: Timestamp.describe('When it happened; the header `webhook-timestamp` is when it was sent'),
    data: Job,
  })
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof WebhookEvent>;
