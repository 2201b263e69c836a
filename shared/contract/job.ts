import { described, named, type Of, optional } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, AttemptId, BatchId, JobId, OutputId, ProjectId } from './ids.ts';
import { Credits, JsonObject, Timestamp } from './scalars.ts';

export const JOB_STATUSES = [
  'queued',
  'processing',
  'preview_ready',
  'generating_final',
  'completed',
  'failed',
  'canceled',
  'expired',
] as const;
export const JobStatus = () => z.enum(JOB_STATUSES);
export type JobStatus = (typeof JOB_STATUSES)[number];

const TERMINAL: readonly JobStatus[] = ['completed', 'failed', 'canceled', 'expired'];
export const isTerminal = (status: JobStatus) => TERMINAL.includes(status);

export const Stage = () => z.enum(['preview', 'final']);
export const OutputKind = () => z.enum(['image', 'video', 'audio', 'text', 'model_3d', 'vector']);
export const CredentialOrigin = () => z.enum(['request', 'project', 'organization', 'user', 'environment']);

export const Output = named('Output', () =>
  z.object({
    id: OutputId(),
    stage: Stage(),
    kind: OutputKind(),
    url: z.nullable(z.string()),
    thumbnail_url: z.optional(z.string()),
    content_type: z.string(),
    bytes: z.int(),
    width: z.optional(z.int()),
    height: z.optional(z.int()),
    duration_seconds: z.optional(z.number()),
    text: z.optional(z.string()),
  }),
);

export const Attempt = named('Attempt', () =>
  z.object({
    id: AttemptId(),
    fence: z.int(),
    number: z.int(),
    stage: Stage(),
    part: z.int(),
    provider: z.string(),
    provider_model: z.string(),
    provider_key: optional(z.string(), 'The pool of keys that was used'),
    credential: described(CredentialOrigin(), 'Whose key it was'),
    status: z.enum(['starting', 'submitted', 'submission_unknown', 'succeeded', 'failed', 'canceled']),
    error: z.nullish(z.partial(z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }))),
    started_at: z.nullable(Timestamp()),
    finished_at: z.nullable(Timestamp()),
  }),
);

export const JobError = () =>
  z.object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    suggestions: optional(
      z.array(z.object({ model: z.string(), display_name: z.string(), credits: Credits(), eta_seconds: z.number() })),
      'Models that take the same input and are cheaper or usually faster, the cheapest first; credits are of one output',
    ),
  });

export const Job = named('Job', () =>
  z.object({
    id: JobId(),
    object: z.literal('job'),
    version: described(z.int(), 'Grows with every change; order webhooks by it'),
    status: JobStatus(),
    model: z.string(),
    requested_model: described(z.string(), 'What the request named: the model, an alias, a provider id'),
    operation: z.string(),
    priority: z.enum(['low', 'normal', 'high']),
    account_id: AccountId(),
    project_id: z.nullable(ProjectId()),
    end_user: z.nullable(z.string()),
    batch_id: z.nullish(BatchId()),
    input: described(JsonObject(), 'Empty once the job was deleted'),
    count: z.int(),
    preview: z.union([z.boolean(), z.enum(['hold', 'only'])]),
    created_at: Timestamp(),
    started_at: z.nullable(Timestamp()),
    finished_at: z.nullable(Timestamp()),
    deadline_at: described(z.nullable(Timestamp()), 'Null while a preview is held'),
    queue_position: described(
      z.nullable(z.int()),
      'How much is started before it, if nobody else comes; up to 1000. Null once it has begun',
    ),
    progress: described(z.nullable(z.number()), '0 to 1'),
    eta_seconds: z.nullable(z.number()),
    credits: z.object({
      held: described(Credits(), 'Reserved now; 0 once the job has ended'),
      charged: described(Credits(), 'Final sum; 0 until the job has ended'),
      refunded: described(Credits(), 'Final sum; with `charged` it adds up to the original hold'),
    }),
    usage: z.nullable(
      z.object({
        units: z.number(),
        provider_cost_usd: z.nullable(z.number()),
        byok: z.boolean(),
        price_version: z.nullable(z.string()),
      }),
    ),
    outputs: z.array(Output()),
    attempts: z.array(Attempt()),
    routing: z.object({
      considered: z.array(
        z.object({ provider: z.string(), provider_model: z.string(), outcome: z.string(), reason: z.string() }),
      ),
    }),
    error: z.nullable(JobError()),
    cached: z.boolean(),
    warnings: z.array(z.string()),
    metadata: JsonObject(),
    urls: z.object({
      self: z.url(),
      cancel: z.url(),
      approve: z.optional(z.url()),
      reject: z.optional(z.url()),
      events: described(z.url(), 'Server-sent events; carries its own token'),
      timeline: z.url(),
    }),
  }),
);
export type Job = Of<typeof Job>;
