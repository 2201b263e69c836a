import * as z from 'zod';
import { AccountId, ProjectId, QuoteId } from './ids.ts';
import { EndUser, JsonObject } from './scalars.ts';

const MAX_METADATA_CHARS = 16_384;
const MAX_BATCH = 100;

const ProviderName = z.string().min(1).max(100);
const ProviderList = z.array(ProviderName).min(1).max(50);

export const Routing = z
  .strictObject({
    provider_key: ProviderName.optional().describe('A pool of keys (`vision-nova`) or one key (`key_…`)'),
    order: ProviderList.optional().describe('Try these providers first, in this order'),
    only: ProviderList.optional(),
    ignore: ProviderList.optional(),
    sort: z.enum(['rank', 'price', 'speed']).optional(),
    max_credits: z.int().min(0).optional().describe('Leaves out routes that would cost more for the whole job'),
    allow_fallbacks: z.boolean().optional(),
    byok_only: z.boolean().optional().describe("Only the caller's own provider keys"),
    allow_platform_key: z.boolean().optional().describe("Lets the platform's keys stand in for the caller's own"),
  })
  .meta({ id: 'Routing' });
export type Routing = z.infer<typeof Routing>;

export const WEBHOOK_EVENTS = [
  'job.preview_ready',
  'job.completed',
  'job.failed',
  'job.canceled',
  'job.expired',
] as const;

const Metadata = JsonObject.refine(
  (value) => JSON.stringify(value).length <= MAX_METADATA_CHARS,
  `Must not exceed ${MAX_METADATA_CHARS} characters as JSON`,
);

const ModelName = z.string().min(1).max(200);

const fields = {
  model: ModelName.optional().describe('A model id, an alias, a provider id (which pins its route), or `auto`'),
  module: ModelName.optional().describe('Another name for `model`'),
  input: JsonObject.optional().describe('What the model takes: see its `input_schema`'),
  params: JsonObject.optional().describe('Another name for `input`'),
  operation: z.string().min(1).max(40).optional(),
  preview: z
    .union([z.boolean(), z.enum(['hold', 'only'])])
    .optional()
    .describe('False unless the model is a workflow'),
  count: z.int().min(1).max(10).default(1),
  priority: z.enum(['low', 'normal', 'high']).default('normal'),
  project_id: ProjectId.optional(),
  account_id: AccountId.optional(),
  end_user: EndUser.optional(),
  routing: Routing.default({}),
  webhook_url: z.string().min(1).max(2_048).optional(),
  webhook_events: z.array(z.enum(WEBHOOK_EVENTS)).min(1).optional(),
  metadata: Metadata.default({}),
  deadline_seconds: z.int().min(5).max(86_400).optional(),
  quote_id: QuoteId.optional(),
};

const Fields = z.strictObject(fields);
type Fields = z.output<typeof Fields>;
type Issue = { path: string[]; message: string };

/** Makes one name out of two, and one place out of the two that may name a pool of keys. */
function oneName({ module, params, ...job }: Fields, context: z.core.$RefinementCtx<Fields>) {
  const fault = (issue: Issue) => context.issues.push({ code: 'custom', input: job, ...issue });
  const model = job.model ?? module;
  const input = job.input ?? params;
  if (job.model !== undefined && module !== undefined)
    fault({ path: ['module'], message: 'Names the same as `model`' });
  if (job.input !== undefined && params !== undefined)
    fault({ path: ['params'], message: 'Names the same as `input`' });
  if (model === undefined) fault({ path: ['model'], message: 'Required' });
  if (input === undefined) fault({ path: ['input'], message: 'Required' });
  return { ...job, model: model ?? '', input: input ?? {}, routing: routingOf(job, fault) };
}

function routingOf({ routing, metadata }: Fields, fault: (issue: Issue) => void): Routing {
  if (metadata.provider_key === undefined || metadata.provider_key === null) return routing;
  const named = ProviderName.safeParse(metadata.provider_key);
  if (!named.success) fault({ path: ['metadata', 'provider_key'], message: 'Must be the name of a pool of keys' });
  return { ...routing, provider_key: routing.provider_key ?? named.data };
}

export const JobRequest = Fields.transform(oneName).meta({ id: 'JobRequest' });
export type JobRequest = z.output<typeof JobRequest>;

export const BatchRequest = z
  .strictObject({ jobs: z.array(JobRequest).min(1).max(MAX_BATCH), quote_id: QuoteId.optional() })
  .meta({ id: 'BatchRequest', description: 'All jobs have one payer; they are accepted or refused as one.' });
export type BatchRequest = z.output<typeof BatchRequest>;
