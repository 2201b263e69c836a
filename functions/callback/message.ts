import { jobFromRow } from '../../shared/contract/job-from-row.ts';
import type { WebhookEvent } from '../../shared/contract/webhook-event.ts';
import type { DueDelivery } from '../../shared/db/callback.ts';

/** What partners get, from what is stored: the job with its addresses. Null once the job's contents were erased. */
export function messageOf(stored: Partial<DueDelivery['body']>, origin: string): WebhookEvent | null {
  const { type, timestamp, data } = stored;
  if (!type || !timestamp || !data) return null;
  return { type: type as WebhookEvent['type'], timestamp, data: jobFromRow(data, origin) };
}
