import { once } from '../async/once.ts';
import { arrayOf, named, type Of, optional, text, whole } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, ProjectId, QuoteId } from './ids.ts';
import { EndUser, JsonObject } from './scalars.ts';

const MAX_METADATA_CHARS = 16_384;
const MAX_BATCH = 100;

const ProviderName = once(() => text(1, 100));
const ProviderList = () => arrayOf(ProviderName(), 1, 50);

export const Routing = named('Routing', () =>
  z.strictObject({
    provider_key: optional(ProviderName(), 'A pool of keys (`vision-nova`) or one key (`key_…`)'),
    order: optional(ProviderList(), 'Try these providers first, in this order'),
    only: z.optional(ProviderList()),
    ignore: z.optional(ProviderList()),
    sort: z.optional(z.enum(['rank', 'price', 'speed'])),
    max_credits: optional(z.int().check(z.minimum(0)), 'Leaves out routes that would cost more for the whole job'),
    allow_fallbacks: z.optional(z.boolean()),
    byok_only: optional(z.boolean(), "Only the caller's own provider keys"),
    allow_platform_key: optional(z.boolean(), "Lets the platform's keys stand in for the caller's own"),
  }),
);
export type Routing = Of<typeof Routing>;

export const WEBHOOK_EVENTS = [
  'job.preview_ready',
  'job.completed',
  'job.failed',
  'job.canceled',
  'job.expired',
] as const;

const Metadata = () =>
  JsonObject().check(
    z.refine(
      (value) => JSON.stringify(value).length <= MAX_METADATA_CHARS,
      `Must not exceed ${MAX_METADATA_CHARS} characters as JSON`,
    ),
  );

const ModelName = () => text(1, 200);

const Fields = () =>
  z.strictObject({
    model: optional(ModelName(), 'A model id, an alias, or a provider id, which pins its route'),
    module: optional(ModelName(), 'Another name for `model`'),
    input: optional(JsonObject(), 'What the model takes: see its `input_schema`'),
    params: optional(JsonObject(), 'Another name for `input`'),
    operation: z.optional(text(1, 40)),
    preview: optional(z.union([z.boolean(), z.enum(['hold', 'only'])]), 'False unless the model is a workflow'),
    count: z._default(whole(1, 10), 1),
    priority: z._default(z.enum(['low', 'normal', 'high']), 'normal'),
    project_id: z.optional(ProjectId()),
    account_id: z.optional(AccountId()),
    end_user: z.optional(EndUser()),
    routing: z._default(Routing(), {}),
    webhook_url: z.optional(text(1, 2_048)),
    webhook_events: z.optional(z.array(z.enum(WEBHOOK_EVENTS)).check(z.minLength(1))),
    metadata: z._default(Metadata(), {}),
    deadline_seconds: z.optional(whole(5, 86_400)),
    quote_id: z.optional(QuoteId()),
  });
type Fields = Of<typeof Fields>;
type Issue = { path: string[]; message: string };

/** Makes one name out of two, and one place out of the two that may name a pool of keys. */
function oneName({ module, params, ...job }: Fields, context: z.core.ParsePayload) {
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
  const named = ProviderName().safeParse(metadata.provider_key);
  if (!named.success) fault({ path: ['metadata', 'provider_key'], message: 'Must be the name of a pool of keys' });
  return { ...routing, provider_key: routing.provider_key ?? named.data };
}

export const JobRequest = named('JobRequest', () => z.pipe(Fields(), z.transform(oneName)));
export type JobRequest = Of<typeof JobRequest>;

export const BatchRequest = named(
  'BatchRequest',
  () =>
    z.strictObject({
      jobs: arrayOf(JobRequest(), 1, MAX_BATCH),
      quote_id: z.optional(QuoteId()),
    }),
  'All jobs have one payer; they are accepted or refused as one.',
);
export type BatchRequest = Of<typeof BatchRequest>;
