import type { Candidate, Considered, JobRow, JobSpec } from './rows.ts';

/** What SQL says of jobs that it has just accepted: what their client could not know. */
export type Accepted = {
  replayed: false;
  account_id: string;
  project_id: string | null;
  batch_id: string | null;
  /** ISO 8601, with the offset and microseconds that PostgreSQL gives. */
  created_at: string;
  ids: string[];
  /** One per job: what opens its event stream. */
  tokens: string[];
  lanes: string[];
  /** The jobs as SQL planned them; null: as they were sent. */
  jobs: JobSpec[] | null;
};

/**
 * The rows of jobs to which nothing has happened yet, without asking for them: as `get_job` would give them, but for `queue_position`,
 * which is null here because only the database can count who waits.
 */
export function acceptedRows(accepted: Accepted, sent: JobSpec[]): JobRow[] {
  const specs = accepted.jobs ?? sent;
  return specs.map((spec, index) => acceptedRow(accepted, spec, index));
}

function acceptedRow(accepted: Accepted, spec: JobSpec, index: number): JobRow {
  const created = Date.parse(accepted.created_at);
  return {
    id: accepted.ids[index] as string,
    object: 'job',
    version: 1,
    status: 'queued',
    model: spec.model,
    requested_model: spec.requested_model,
    operation: spec.operation,
    priority: spec.priority,
    account_id: accepted.account_id,
    project_id: accepted.project_id,
    end_user: spec.end_user ?? null,
    batch_id: accepted.batch_id,
    input: spec.input,
    count: spec.count,
    preview: previewOf(spec.preview),
    created_at: new Date(created).toISOString(),
    started_at: null,
    finished_at: null,
    deadline_at: new Date(created + spec.deadline_seconds * 1000).toISOString(),
    queue_position: null,
    progress: 0,
    eta_seconds: spec.eta_seconds,
    credits: { held: spec.hold, charged: 0, refunded: 0 },
    usage: null,
    outputs: [],
    attempts: [],
    routing: { considered: consideredOf(spec) },
    error: null,
    cached: false,
    warnings: spec.warnings,
    metadata: spec.metadata,
    events_token: accepted.tokens[index] as string,
  };
}

const previewOf = (mode: JobSpec['preview']) => (mode === 'none' ? false : mode === 'auto' ? true : mode);

/** As `darkroom.all_considered` says it: SQL names who pays for a candidate only where that had to be found out. */
function consideredOf({ considered, stages }: JobSpec): Considered[] {
  const candidates: Candidate[] = (stages.final ?? stages.preview)?.candidates ?? [];
  if (candidates[0]?.lane !== undefined) return considered;
  const plain = candidates.map(({ provider, provider_model }) => ({
    provider,
    provider_model,
    outcome: 'candidate',
    reason: 'key of: environment',
  }));
  return [...considered, ...plain];
}
