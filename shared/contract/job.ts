import * as z from 'zod';
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
export const JobStatus = z.enum(JOB_STATUSES);
export type JobStatus = z.infer<typeof JobStatus>;

const TERMINAL: readonly JobStatus[] = ['completed', 'failed', 'canceled', 'expired'];
export const isTerminal = (status: JobStatus) => TERMINAL.includes(status);

export const Stage = z.enum(['preview', 'final']);
export const OutputKind = z.enum(['image', 'video', 'audio', 'text', 'model_3d', 'vector']);
export const CredentialOrigin = z.enum(['request', 'project', 'organization', 'user', 'environment']);

export const Output = z
  .object({
    id: OutputId,
    stage: Stage,
    kind: OutputKind,
    url: z.string().nullable(),
    thumbnail_url: z.string().optional(),
    content_type: z.string(),
    bytes: z.int(),
    width: z.int().optional(),
    height: z.int().optional(),
    duration_seconds: z.number().optional(),
    text: z.string().optional(),
  })
  .meta({ id: 'Output' });

export const Attempt = z
  .object({
    id: AttemptId,
    fence: z.int(),
    number: z.int(),
    stage: Stage,
    part: z.int(),
    provider: z.string(),
    provider_model: z.string(),
    provider_key: z.string().optional().describe('The pool of keys that was used'),
    credential: CredentialOrigin.describe('Whose key it was'),
    status: z.enum(['starting', 'submitted', 'submission_unknown', 'succeeded', 'failed', 'canceled']),
    error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).partial().nullish(),
    started_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
  })
  .meta({ id: 'Attempt' });

export const JobError = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  suggestions: z.array(z.unknown()).optional(),
});

export const Job = z
  .object({
    id: JobId,
    object: z.literal('job'),
    version: z.int().describe('Grows with every change; order webhooks by it'),
    status: JobStatus,
    model: z.string(),
    requested_model: z.string().describe('What the request named: an alias, a provider id, `auto`'),
    operation: z.string(),
    priority: z.enum(['low', 'normal', 'high']),
    account_id: AccountId,
    project_id: ProjectId.nullable(),
    end_user: z.string().nullable(),
    batch_id: BatchId.nullish(),
    input: JsonObject.nullable().describe('Null once the job was deleted'),
    count: z.int(),
    preview: z.union([z.boolean(), z.enum(['hold', 'only'])]),
    created_at: Timestamp,
    started_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
    deadline_at: Timestamp.nullable().describe('Null while a preview is held'),
    queue_position: z.int().nullable(),
    progress: z.number().nullable().describe('0 to 1'),
    eta_seconds: z.number().nullable(),
    credits: z.object({
      held: Credits.describe('Reserved now; 0 once the job has ended'),
      charged: Credits.describe('Final sum; 0 until the job has ended'),
      refunded: Credits.describe('Final sum; with `charged` it adds up to the original hold'),
    }),
    usage: z
      .object({
        units: z.number(),
        provider_cost_usd: z.number().nullable(),
        byok: z.boolean(),
        price_version: z.string().nullable(),
      })
      .nullable(),
    outputs: z.array(Output),
    attempts: z.array(Attempt),
    routing: z.object({
      considered: z.array(
        z.object({ provider: z.string(), provider_model: z.string(), outcome: z.string(), reason: z.string() }),
      ),
    }),
    error: JobError.nullable(),
    cached: z.boolean(),
    warnings: z.array(z.string()),
    metadata: JsonObject,
    urls: z.object({
      self: z.url(),
      cancel: z.url(),
      approve: z.url().optional(),
      reject: z.url().optional(),
      events: z.url().describe('Server-sent events; carries its own token'),
      timeline: z.url(),
    }),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;
