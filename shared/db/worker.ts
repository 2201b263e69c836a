import type { Suggestion } from '../catalog/suggestions.ts';
import type { Call } from './client.ts';
import type { Ended, Work } from './rows.ts';

/** `ended`: failed at once, for example because no key is left: post their callbacks. `cancels`: tell these providers to stop. */
export type Claimed = { attempts: Work[]; ended: Ended[]; cancels: Work[]; lanes: string[] };
/** `assets`: stored outputs of deleted jobs. */
export type Due = { attempts: Work[]; ended: Ended[]; cancels: Work[]; lanes: string[]; assets: StoredAsset[] };
export type StoredAsset = { id: string; public_id: string; kind: VerdictOutput['kind'] };
export type Submission = {
  outcome: 'submitted' | 'unknown';
  request_id?: string;
  /** What the adapter needs to poll or cancel, as JSON. */
  state?: unknown;
  check_after_seconds: number;
};
export type VerdictOutput = {
  n: number;
  kind: 'image' | 'video' | 'audio' | 'text' | 'model_3d' | 'vector';
  url: string | null;
  thumbnail_url?: string;
  content_type: string;
  bytes: number;
  width?: number;
  height?: number;
  duration_seconds?: number;
  text?: string;
  public_id: string | null;
};
export type VerdictError = {
  code: string;
  message: string;
  class: 'rate_limited' | 'refused' | 'failed' | 'input' | 'moderation' | 'key' | 'lost';
  retryable: boolean;
  suggestions?: Suggestion[];
};
export type Verdict = {
  event: 'succeeded' | 'failed' | 'canceled';
  outputs: VerdictOutput[];
  error?: VerdictError;
  retry_after_seconds?: number;
  cost_usd?: number;
  key_state?: 'cooling' | 'out_of_credit' | 'disabled';
  key_reason?: string;
};

export type WorkerDatabase = ReturnType<typeof createWorkerDatabase>;

/** The SQL functions of the role `worker`, one thin method each. */
export function createWorkerDatabase(call: Call) {
  return {
    claim: (lane: string, max: number) => call<Claimed>('claim', { lane, max }),
    recordSubmission: (attempt_id: string, fence: number, submission: Submission) =>
      call<{ recorded: boolean; cancel_requested: boolean }>('record_submission', { attempt_id, fence, submission }),
    openVerdict: (attempt_id: string, request_id?: string) =>
      call<{ work: Work; leased: boolean }>('open_verdict', {
        attempt_id,
        request_id: request_id ?? null,
      }),
    recordVerdict: (attempt_id: string, fence: number, verdict: Verdict) =>
      call<Ended & { recorded: boolean; lanes: string[] }>('record_verdict', { attempt_id, fence, verdict }),
    releaseVerdict: (attempt_id: string, fence: number, check_after_seconds: number) =>
      call<{ recorded: boolean }>('release_verdict', { attempt_id, fence, check_after_seconds }),
    rescheduleCheck: (attempt_id: string, fence: number, check_after_seconds: number) =>
      call<{ recorded: boolean }>('reschedule_check', { attempt_id, fence, check_after_seconds }),
    dueAttempts: (max: number) => call<Due>('due_attempts', { max }),
    recordDestroyed: (output_ids: string[]) => call<{ recorded: boolean }>('record_destroyed', { output_ids }),
  };
}
