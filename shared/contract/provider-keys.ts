import { once } from '../async/once.ts';
import { arrayOf, described, matching, named, type Of, optional, text, whole } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { ProviderKeyId } from './ids.ts';
import { listOf, pageQuery } from './lists.ts';
import { contract } from './route-doc.ts';
import { JsonObject, Name, Timestamp } from './scalars.ts';
import { KeyScope, KeyScopeId, namesItsProject } from './scopes.ts';

const MAX_CONFIG_CHARS = 8_192;
const MAX_CONFIG_TEXTS = 64;
const CONFIG_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

const ProviderId = once(() => matching(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Must be the id of a provider'));
const Secret = once(() => z.string().check(z.trim(), z.minLength(1), z.maxLength(16_384)));
const Config = once(() =>
  described(
    JsonObject().check(
      z.refine(
        (value) => JSON.stringify(value).length <= MAX_CONFIG_CHARS,
        `Must not exceed ${MAX_CONFIG_CHARS} characters as JSON`,
      ),
      z.refine(
        (value) => namesOf(value).every((name) => CONFIG_NAME.test(name)),
        `Names must match ${CONFIG_NAME.source}`,
      ),
      z.refine((value) => textsOf(value) <= MAX_CONFIG_TEXTS, `Must not hold more than ${MAX_CONFIG_TEXTS} texts`),
    ),
    'What else the provider needs. Texts are sealed like the key, but for `endpoint_url`, `region`, `location`, `organization`, `organization_id`, `project`, `project_id`, `model`, `deployment`, `resource` and `api_version` at the top. The key is sent to `endpoint_url`, if it has one, and nowhere else',
  ),
);

const inside = (value: unknown): unknown[] => (typeof value === 'object' && value !== null ? Object.values(value) : []);

function namesOf(value: unknown): string[] {
  const own = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return [...own, ...inside(value).flatMap(namesOf)];
}

const textsOf = (value: unknown): number =>
  typeof value === 'string' ? 1 : inside(value).reduce<number>((sum, item) => sum + textsOf(item), 0);

const secrets = once(() => ({
  api_key: Secret(),
  api_secret: z.optional(Secret()),
  additional_config: z.optional(Config()),
}));

const changeable = once(() => ({
  name: z.optional(Name()),
  priority: optional(whole(-1_000_000, 1_000_000), 'The highest is taken first'),
  max_concurrency: optional(whole(0, 10_000), 'Runs at once; 10 unless given'),
}));

export const ProviderKeyRequest = named('ProviderKeyRequest', () =>
  z
    .strictObject({
      provider: ProviderId(),
      profile: optional(text(1, 100), 'One pool of its provider (`vision-nova`); all of them unless given'),
      ...secrets(),
      ...changeable(),
      scope: optional(KeyScope(), 'Whose it is; the account’s that the caller acts for unless given'),
      scope_id: z.optional(KeyScopeId()),
    })
    .check(namesItsProject()),
);
export type ProviderKeyRequest = Of<typeof ProviderKeyRequest>;

const ProviderKeyChange = named('ProviderKeyChange', () =>
  z
    .strictObject({
      ...changeable(),
      is_active: optional(z.boolean(), 'True also brings back a key that is out of service'),
      profile: z.optional(z.nullable(text(1, 100))),
      additional_config: optional(
        Config(),
        'In place of the old one, sealed parts included. `endpoint_url` stays as it is: another one needs …/replace, which takes the key again',
      ),
    })
    .check(z.refine((change) => Object.values(change).some((value) => value !== undefined), 'Must change something')),
);

const ProviderKeySecrets = named('ProviderKeySecrets', () => z.strictObject(secrets()));

const KeyTestRequest = named('KeyTestRequest', () => z.strictObject({ provider: ProviderId(), ...secrets() }));

export const ProviderKey = named(
  'ProviderKey',
  () =>
    z.looseObject({
      id: ProviderKeyId(),
      provider: z.string(),
      profile: z.nullable(z.string()),
      scope: KeyScope(),
      scope_id: z.nullable(z.string()),
      name: z.string(),
      last4: z.string(),
      fingerprint: described(z.string(), 'The first 16 hex digits of the key’s SHA-256'),
      source: described(z.enum(['sealed', 'environment', 'endpoint']), '`endpoint`: a custom endpoint without a key'),
      version: z.int(),
      priority: z.int(),
      max_concurrency: z.int(),
      running: described(z.int(), 'Runs with it now'),
      is_active: z.boolean(),
      state: described(z.string(), '`active`, `out_of_credit`, `disabled`, or `draining` until its last run has ended'),
      state_reason: described(z.nullable(z.string()), 'In the provider’s words'),
      next_probe_at: described(z.nullable(Timestamp()), 'When the provider is asked about it again'),
      cooling: z.array(z.object({ provider_model: z.string(), until: Timestamp() })),
      usage_count: described(z.int(), 'Successes'),
      last_used_at: z.nullable(Timestamp()),
      additional_config: described(JsonObject(), 'What of it is no secret'),
      secret_fields: described(z.array(z.string()), 'What of it is sealed: the paths, such as `auth/user`'),
      created_at: Timestamp(),
    }),
  'What is shown of a provider key; never the key.',
);

export const KeyTest = named('KeyTest', () =>
  z.object({
    result: z.enum(['valid', 'invalid', 'out_of_credit', 'unreachable']),
    message: described(z.string(), 'In the provider’s words, where it gave a reason'),
    ms: z.int(),
  }),
);

const scope = once(() => ({ scope: z.optional(KeyScope()), scope_id: z.optional(KeyScopeId()) }));
const tag = 'Provider keys';
const params = () => z.object({ id: ProviderKeyId() });
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
  query: () =>
    z
      .strictObject({
        provider: z.optional(ProviderId()),
        profile: z.optional(text(1, 100)),
        ...scope(),
        ...pageQuery(/^key_[0-9a-f]{32}$/),
      })
      .check(namesItsProject()),
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
  refusals: ['forbidden', 'not_found', 'invalid_state', 'conflict'],
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
  refusals: ['forbidden', 'not_found', 'invalid_state', 'conflict', 'idempotency_mismatch'],
});

export const reorderProviderKeys = contract({
  method: 'post',
  path: '/v1/provider-keys/reorder',
  scopes: ['keys'],
  tag,
  summary: 'Put the keys of one owner in this order, the first one first',
  body: () => z.strictObject({ ids: arrayOf(ProviderKeyId(), 1, 200) }),
  idempotency: 'optional',
  answers: { 200: { description: 'The keys', schema: listOf(ProviderKey) } },
  refusals: ['forbidden', 'not_found', 'idempotency_mismatch'],
});

export const testProviderKey = contract({
  method: 'post',
  path: '/v1/provider-keys/{id}/test',
  scopes: ['keys'],
  tag,
  summary: 'Try a kept key with one cheap call',
  description: 'Asks the provider each time, whatever the Idempotency-Key.',
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
  description: 'Asks the provider each time, whatever the Idempotency-Key.',
  body: KeyTestRequest,
  idempotency: 'optional',
  answers: { 200: tested },
  refusals: ['forbidden'],
});

const Pool = named(
  'KeyPool',
  () =>
    z.looseObject({
      profile: z.string(),
      scope: KeyScope(),
      scope_id: z.nullable(z.string()),
      strategy: z.enum(['least_used', 'round_robin']),
      keys: described(z.array(z.string()), 'In the order of their priority'),
    }),
  'The keys of one owner that take turns: of a profile, or of a provider.',
);

export const listKeyPools = contract({
  method: 'get',
  path: '/v1/key-pools',
  scopes: ['keys'],
  tag,
  summary: 'Pools of keys, and how their keys take turns',
  query: () => z.strictObject(scope()).check(namesItsProject()),
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
  params: () => z.object({ profile: matching(/^[a-z0-9][a-z0-9-]{0,99}$/) }),
  body: () => z.strictObject({ strategy: Pool().shape.strategy, ...scope() }).check(namesItsProject()),
  answers: { 200: { description: 'The pool', schema: Pool } },
  refusals: ['forbidden', 'not_found'],
});
