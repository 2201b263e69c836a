import { described, named, type Of } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { Job } from './job.ts';
import { WEBHOOK_EVENTS } from './job-request.ts';
import { Timestamp } from './scalars.ts';

/** The body of every message to a partner; signed as Standard Webhooks has it. */
export const WebhookEvent = named('WebhookEvent', () =>
  z.object({
    type: z.enum(WEBHOOK_EVENTS),
    timestamp: described(Timestamp(), 'When it happened; the header `webhook-timestamp` is when it was sent'),
    data: Job(),
  }),
);
export type WebhookEvent = Of<typeof WebhookEvent>;
