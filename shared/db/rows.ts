import type { Candidate as CatalogueCandidate } from '../catalog/candidates.ts';
import type { Plan } from '../catalog/plan.ts';
import type { Job } from '../contract/job.ts';

/** A job as SQL gives it: without addresses, with the token that its event stream is opened by. */
export type JobRow = Omit<Job, 'urls'> & { events_token: string };

/** One route that a stage may take: the first that has a usable key is tried first. Prices are per output. */
export type Candidate = CatalogueCandidate & {
  /** Where SQL lets it wait once it has found out who pays; without one it is the platform's, as it was sent. */
  lane?: string;
  /** Somebody's own endpoint, which speaks the provider's protocol; asked in place of the provider. */
  endpoint_url?: string;
};

export type Considered = { provider: string; provider_model: string; outcome: string; reason: string };

/** One job as `accept` takes it: everything decided that can be decided without the database, and how it would be done. */
export type JobSpec = Plan & {
  model: string;
  requested_model: string;
  operation: string;
  input: Record<string, unknown>;
  count: number;
  preview: 'none' | 'auto' | 'hold' | 'only';
  priority: 'low' | 'normal' | 'high';
  end_user?: string;
  metadata: Record<string, unknown>;
  webhook_url?: string;
  webhook_events?: string[];
  deadline_seconds: number;
  /** Whether the client named the deadline itself. */
  deadline_set: boolean;
  routing: Record<string, unknown>;
  eta_seconds: number | null;
  warnings: string[];
  /** The routes that are no candidates, and why. */
  considered: Considered[];
};

/** An attempt as the worker gets it to run, poll or cancel. */
export type Work = {
  attempt_id: string;
  fence: number;
  job_id: string;
  account_id: string;
  model: string;
  operation: string;
  stage: 'preview' | 'final';
  part: number;
  outputs: number;
  input: Record<string, unknown>;
  provider: string;
  provider_model: string;
  key_id: string;
  key_version: number;
  request_id?: string | null;
  status: 'starting' | 'submitted' | 'submission_unknown' | 'succeeded' | 'failed' | 'canceled';
  longest_seconds: number;
  candidate: Candidate;
  cancel_requested: boolean;
  created_at: string;
  started_at?: string | null;
  /** How often it was polled. */
  checks?: number;
  eta_seconds?: number | null;
  provider_state?: unknown;
};

export type Ended = { attempt_id: string; event: 'succeeded' | 'failed' | 'canceled'; fence: number };
