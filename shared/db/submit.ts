import type { Credential } from '../auth/credential.ts';
import type { TimelineItem } from '../contract/job-events.ts';
import type { CreditEntry, Credits, Grant } from '../contract/money.ts';
import { ok, type Result } from '../errors/result.ts';
import { type Accepted, acceptedRows } from './accepted.ts';
import type { Call } from './client.ts';
import type { Page } from './common.ts';
import type { JobRow, JobSpec } from './rows.ts';

export type AcceptRequest = {
  idempotency_key?: string;
  request_hash: string;
  account_id?: string;
  project_id?: string;
  batch: boolean;
  quote_id?: string;
  jobs: JobSpec[];
};
/** A quote's own idempotency record goes under its own hash; `request_hash` is the one that `accept` will get. */
export type QuoteRequest = AcceptRequest & { idempotency_hash: string };
export type AcceptedJobs = {
  jobs: [JobRow, ...JobRow[]];
  batch_id?: string | null;
  replayed: boolean;
  lanes: string[];
};
/** A replay shows the jobs as they are now; what was just accepted is as it was sent, but for what SQL added. */
export type AcceptAnswer = (AcceptedJobs & { replayed: true }) | Accepted;

export function acceptedFrom(answer: AcceptAnswer, { jobs }: Pick<AcceptRequest, 'jobs'>): AcceptedJobs {
  if (answer.replayed) return answer;
  const { batch_id, lanes, replayed } = answer;
  return { jobs: acceptedRows(answer, jobs) as AcceptedJobs['jobs'], batch_id, lanes, replayed };
}

export type QuoteRow = {
  id: string;
  credits: number;
  credits_max: number;
  provider: string;
  model: string;
  credential: string;
  balance_after: number | null;
  alternatives: { provider: string; model: string; credits: number }[];
  expires_at: string;
  replayed?: boolean;
};
export type Idempotency = { key?: string; request_hash: string };
export type Changed = { job: JobRow; lanes?: string[]; replayed?: boolean };
export type JobFilter = {
  status?: string;
  model?: string;
  project_id?: string;
  account_id?: string;
  from?: string;
  to?: string;
  limit: number;
  cursor?: string;
};
export type GrantRequest = {
  idempotency_key: string;
  request_hash: string;
  account_id: string;
  credits: number;
  kind: string;
  reason: string;
  reference?: string;
};
export type RefundRequest = {
  idempotency_key: string;
  request_hash: string;
  job_id: string;
  credits: number;
  reason: string;
};
export type JobEventRow = {
  version: number;
  type: string;
  from: string | null;
  status: string;
  data: Record<string, unknown>;
  at: string;
};
export type JobEvents = { job: JobRow; events: JobEventRow[] };
export type ProviderStats = {
  provider: string;
  available: boolean;
  uses: number;
  successes: number;
  failures: number;
  mean_ms: number | null;
  p95_ms: number | null;
  last_used_at: string | null;
  circuit?: 'closed' | 'open' | 'half_open';
};
export type Readiness = {
  migration: string | null;
  oldest_wakeup_seconds: number | null;
  oldest_delivery_seconds: number | null;
  oldest_overdue_seconds: number | null;
  clock: string;
};

export type SubmitDatabase = ReturnType<typeof createSubmitDatabase>;

/** The SQL functions of the role `submit`, one thin method each. */
export function createSubmitDatabase(call: Call) {
  return {
    async accept(credential: Credential, request: AcceptRequest): Promise<Result<AcceptedJobs>> {
      const answer = await call<AcceptAnswer>('accept', { credential, request });
      return answer.ok ? ok(acceptedFrom(answer.value, request)) : answer;
    },
    quote: (credential: Credential, request: QuoteRequest) => call<QuoteRow>('quote', { credential, request }),
    getJob: (credential: Credential, job_id: string) => call<JobRow>('get_job', { credential, job_id }),
    listJobs: (credential: Credential, filter: JobFilter) => call<Page<JobRow>>('list_jobs', { credential, filter }),
    cancelJob: (credential: Credential, job_id: string, idempotency: Idempotency) =>
      call<Changed>('cancel_job', { credential, job_id, idempotency }),
    reviewJob: (credential: Credential, job_id: string, decision: 'approve' | 'reject', idempotency: Idempotency) =>
      call<Changed>('review_job', { credential, job_id, decision, idempotency }),
    deleteJob: (credential: Credential, job_id: string) =>
      call<Record<string, never>>('delete_job', { credential, job_id }),
    jobEvents: (job_id: string, token: string, after_version: number) =>
      call<JobEvents>('job_events', { job_id, token, after_version }),
    jobTimeline: (credential: Credential, job_id: string) =>
      call<TimelineItem[]>('job_timeline', { credential, job_id }),
    credits: (credential: Credential, account_id?: string): Promise<Result<Credits>> =>
      call<Credits>('credits', { credential, account_id: account_id ?? null }),
    creditEntries: (credential: Credential, filter: { account_id?: string; limit: number; cursor?: string }) =>
      call<Page<CreditEntry>>('credit_entries', { credential, filter }),
    grantCredits: (credential: Credential, request: GrantRequest) =>
      call<Grant & { replayed?: boolean }>('grant_credits', { credential, request }),
    refundJob: (credential: Credential, request: RefundRequest) => call<Changed>('refund_job', { credential, request }),
    introspect: (credential: Credential) =>
      call<{ account_id: string; scopes: string[] }>('introspect', { credential }),
    providerStats: (credential: Credential) => call<ProviderStats[]>('provider_stats', { credential }),
    ready: () => call<Readiness>('ready'),
  };
}
