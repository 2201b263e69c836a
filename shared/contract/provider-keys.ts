import * as z from 'zod';
import { ProviderKeyId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { JsonObject, Name, Timestamp } from './scalars.ts';

const MAX_CONFIG_CHARS = 8_192;
const MAX_CONFIG_TEXTS = 64;
const CONFIG_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

export const KeyScope = z.enum(['user', 'project', 'organization', 'platform']);
export const KeyScopeId = z
  .string()
  .min(1)
  .max(100)
  .describe('A `proj_…` or `org_…`; nothing or `me` for one’s own keys, nothing for the platform’s');

const ProviderId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Must be the id of a provider');
const Secret = z.string().trim().min(1).max(16_384);
const Config = JsonObject.refine(
  (value) => JSON.stringify(value).length <= MAX_CONFIG_CHARS,
  `Must not exceed ${MAX_CONFIG_CHARS} characters as JSON`,
)
  .refine((value) => namesOf(value).every((name) => CONFIG_NAME.test(name)), `Names must match ${CONFIG_NAME.source}`)
  .refine((value) => textsOf(value) <= MAX_CONFIG_TEXTS, `Must not hold more than ${MAX_CONFIG_TEXTS} texts`)
  .describe(
    'What else the provider needs. Texts are sealed like the key, but for `endpoint_url`, `region`, `location`, `organization`, `organization_id`, `project`, `project_id`, `model`, `deployment`, `resource` and `api_version` at the top. The key is sent to `endpoint_url`, if it has one, and nowhere else',
  );

const inside = (value: unknown): unknown[] => (typeof value === 'object' && value !== null ? Object.values(value) : []);

function namesOf(value: unknown): string[] {
  const own = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return [...own, ...inside(value).flatMap(namesOf)];
}

const textsOf = (value: unknown): number =>
  typeof value === 'string' ? 1 : inside(value).reduce<number>((sum, item) => sum + textsOf(item), 0);

const secrets = { api_key: Secret, api_secret: Secret.optional(), additional_config: Config.optional() };

const changeable = {
  name: Name.optional(),
  priority: z.int().min(-1_000_000).max(1_000_000).optional().describe('The highest is taken first'),
  max_concurrency: z.int().min(0).max(10_000).optional().describe('Runs at once; 10 unless given'),
};

export const ProviderKeyRequest = z
  .strictObject({
    provider: ProviderId,
    profile: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('One pool of its provider (`vision-nova`); all of them unless given'),
    ...secrets,
    ...changeable,
    scope: KeyScope.optional().describe('Whose it is; the account’s that the caller acts for unless given'),
    scope_id: KeyScopeId.optional(),
  })
  .meta({ id: 'ProviderKeyRequest' });
export type ProviderKeyRequest = z.output<typeof ProviderKeyRequest>;

const ProviderKeyChange = z
  .strictObject({
    ...changeable,
    is_active: z.boolean().optional().describe('True also brings back a key that is out of service'),
    profile: z.string().min(1).max(100).nullable().optional(),
    additional_config: Config.optional().describe(
      'In place of the old one, sealed parts included. `endpoint_url` stays as it is: another one needs …/replace, which takes the key again',
    ),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'Must change something')
  .meta({ id: 'ProviderKeyChange' });

const ProviderKeySecrets = z.strictObject(secrets).meta({ id: 'ProviderKeySecrets' });

const KeyTestRequest = z.strictObject({ provider: ProviderId, ...secrets }).meta({ id: 'KeyTestRequest' });

export const ProviderKey = z
  .looseObject({
    id: ProviderKeyId,
    provider: z.string(),
    profile: z.string().nullable(),
    scope: KeyScope,
    scope_id: z.string().nullable(),
    name: z.string(),
    last4: z.string(),
    fingerprint: z.string().describe('The first 16 hex digits of the key’s SHA-256'),
    source: z.enum(['sealed', 'environment', 'endpoint']).describe('`endpoint`: a custom endpoint without a key'),
    version: z.int(),
    priority: z.int(),
    max_concurrency: z.int(),
    running: z.int().describe('Runs with it now'),
    is_active: z.boolean(),
    state: z.string().describe('`active`, `out_of_credit`, `disabled`, or `draining` until its last run has ended'),
    state_reason: z.string().nullable().describe('In the provider’s words'),
    next_probe_at: Timestamp.nullable().describe('When the provider is asked about it again'),
    cooling: z.array(z.object({ provider_model: z.string(), until: Timestamp })),
    usage_count: z.int().describe('Successes'),
    last_used_at: Timestamp.nullable(),
    additional_config: JsonObject.describe('What of it is no secret'),
    secret_fields: z.array(z.string()).describe('What of it is sealed: the paths, such as `auth/user`'),
    created_at: Timestamp,
  })
  .meta({ id: 'ProviderKey', description: 'What is shown of a provider key; never the key.' });

export const KeyTest = z
  .object({
    result: z.enum(['valid', 'invalid', 'out_of_credit', 'unreachable']),
    message: z.string().describe('In the provider’s words, where it gave a reason'),
    ms: z.int(),
  })
  .meta({ id: 'KeyTest' });

const tag = 'Provider keys';
const params = z.object({ id: ProviderKeyId });
const key = { description: 'The key as it is now', schema: ProviderKey };
const tested = { description: 'What the provider says', schema: KeyTest };

export const createProviderKey = contract({
  method: 'post',
  path: '/v1/provider-keys',
  scopes: ['keys'],
  tag,
  summary: 'Keep a provider’s key, sealed',
  body: ProviderKeyRequest,
  idempotency: 'optional',
  answers: { 201: { ...key, description: 'Kept' } },
  refusals: ['forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
});

export const listProviderKeys = contract({
  method: 'get',
  path: '/v1/provider-keys',
  scopes: ['keys'],
  tag,
  summary: 'Keys of the account, or of one scope, newest first',
  query: z.strictObject({
    provider: ProviderId.optional(),
    profile: z.string().min(1).max(100).optional(),
    scope: KeyScope.optional(),
    scope_id: KeyScopeId.optional(),
    ...pageQuery(/^key_[0-9a-f]{32}$/),
  }),
  answers: { 200: { description: 'A page of keys', schema: listOf(ProviderKey) } },
  refusals: ['forbidden', 'not_found'],
});

export const showProviderKey = contract({
  method: 'get',
  path: '/v1/provider-keys/{id}',
  scopes: ['keys'],
  tag,
  summary: 'One key: its state, its use, and the newest changes of its state as `events`',
  params,
  answers: { 200: key },
  refusals: ['forbidden', 'not_found'],
});

export const changeProviderKey = contract({
  method: 'patch',
  path: '/v1/provider-keys/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Rename, reorder, limit, take out of service or bring back',
  params,
  body: ProviderKeyChange,
  answers: { 200: key },
  refusals: ['forbidden', 'not_found', 'invalid_state'],
});

export const removeProviderKey = contract({
  method: 'delete',
  path: '/v1/provider-keys/{id}',
  scopes: ['keys'],
  tag,
  summary: 'Take a key out at once; it is wiped when its last run has ended',
  params,
  answers: { 204: { description: 'Gone' } },
  refusals: ['forbidden', 'not_found', 'invalid_state'],
});

export const replaceProviderKey = contract({
  method: 'post',
  path: '/v1/provider-keys/{id}/replace',
  scopes: ['keys'],
  tag,
  summary: 'Put a new key in the place of an old one, which serves its running jobs to their end',
  description: 'All of it anew: an `api_secret` or `additional_config` that is left out is gone.',
  params,
  body: ProviderKeySecrets,
  idempotency: 'optional',
  answers: { 200: key },
  refusals: ['forbidden', 'not_found', 'invalid_state', 'conflict'],
});

export const reorderProviderKeys = contract({
  method: 'post',
  path: '/v1/provider-keys/reorder',
  scopes: ['keys'],
  tag,
  summary: 'Put the keys of one owner in this order, the first one first',
  body: z.strictObject({ ids: z.array(ProviderKeyId).min(1).max(200) }),
  idempotency: 'optional',
  answers: { 200: { description: 'The keys', schema: listOf(ProviderKey) } },
  refusals: ['forbidden', 'not_found'],
});

export const testProviderKey = contract({
  method: 'post',
  path: '/v1/provider-keys/{id}/test',
  scopes: ['keys'],
  tag,
  summary: 'Try a kept key with one cheap call',
  params,
  idempotency: 'optional',
  answers: { 200: tested },
  refusals: ['forbidden', 'not_found', 'invalid_state'],
});

export const testUnsavedKey = contract({
  method: 'post',
  path: '/v1/provider-keys/test',
  scopes: ['keys'],
  tag,
  summary: 'Try a key before it is kept',
  body: KeyTestRequest,
  idempotency: 'optional',
  answers: { 200: tested },
  refusals: ['forbidden'],
});

const Pool = z
  .looseObject({
    profile: z.string(),
    scope: KeyScope,
    scope_id: z.string().nullable(),
    strategy: z.enum(['least_used', 'round_robin']),
    keys: z.array(z.string()).describe('In the order of their priority'),
  })
  .meta({ id: 'KeyPool', description: 'The keys of one owner that take turns: of a profile, or of a provider.' });

const scope = { scope: KeyScope.optional(), scope_id: KeyScopeId.optional() };

export const listKeyPools = contract({
  method: 'get',
  path: '/v1/key-pools',
  scopes: ['keys'],
  tag,
  summary: 'Pools of keys, and how their keys take turns',
  query: z.strictObject(scope),
  answers: { 200: { description: 'The pools', schema: listOf(Pool) } },
  refusals: ['forbidden', 'not_found'],
});

export const putKeyPool = contract({
  method: 'put',
  path: '/v1/key-pools/{profile}',
  scopes: ['keys'],
  tag,
  summary: 'Let the keys of a pool take turns by use or in a round',
  description: 'Priority counts first in either.',
  params: z.object({ profile: z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/) }),
  body: z.strictObject({ strategy: Pool.shape.strategy, ...scope }),
  answers: { 200: { description: 'The pool', schema: Pool } },
  refusals: ['forbidden', 'not_found'],
});
