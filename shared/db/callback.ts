import type { Credential } from '../auth/credential.ts';
import type { Call } from './client.ts';
import type { Once, Page, Replayed } from './common.ts';
import type { JobRow } from './rows.ts';

export type Applied = { result: 'applied' | 'duplicate'; lanes: string[] };
export type Swept = { expired: number; applied: number; concluded: number; lanes: string[] };
export type DueDelivery = {
  id: string;
  attempt: number;
  url: string;
  body: { type: string; timestamp: string; data: JobRow };
  account_id: string;
  secret_version: number;
};
export type DeliveryResult = {
  http_status?: number;
  ms: number;
  error?: string;
  retry_after_seconds?: number;
  gone?: boolean;
  request?: unknown;
  response?: unknown;
};
export type DeliveryRow = {
  id: string;
  event: string;
  job_id: string;
  endpoint: string | null;
  status: string;
  attempts: { at: string; http_status: number | null; ms: number; error: string | null }[];
  [more: string]: unknown;
};
export type DeliveryFilter = { endpoint?: string; job?: string; status?: string; limit: number; cursor?: string };

export type CallbackDatabase = ReturnType<typeof createCallbackDatabase>;

/** The SQL functions of the role `callback`, one thin method each. */
export function createCallbackDatabase(call: Call) {
  return {
    applyCallback: (message_id: string, attempt_id: string, event: string, fence: number) =>
      call<Applied>('apply_callback', { message_id, attempt_id, event, fence }),
    sweep: (max: number) => call<Swept>('sweep', { max }),
    dueDeliveries: (max: number) => call<DueDelivery[]>('due_deliveries', { max }),
    recordDelivery: (id: string, attempt: number, result: DeliveryResult) =>
      call<{ status: string }>('record_delivery', { id, attempt, result }),
    defaultWebhook: (credential: Credential) =>
      call<{ account_id: string; secret_version: number }>('default_webhook', { credential }),
    listDeliveries: (credential: Credential, filter: DeliveryFilter) =>
      call<Page<DeliveryRow>>('list_deliveries', { credential, filter }),
    getDelivery: (credential: Credential, id: string) => call<DeliveryRow>('get_delivery', { credential, id }),
    replayDelivery: (credential: Credential, id: string, idempotency: Once) =>
      call<Replayed<DeliveryRow>>('replay_delivery', { credential, id, idempotency }),
  };
}
