import { once } from '../async/once.ts';
import { arrayOf, described, matching, named, type Of, optional, text } from '../schema/build.ts';
import * as z from '../schema/zod.ts';
import { AccountId, ProjectId } from './ids.ts';
import { CredentialOrigin } from './job.ts';
import { listOf, pageQuery } from './lists.ts';
import { SettingOperation } from './operations.ts';
import { contract } from './route-doc.ts';
import { Timestamp } from './scalars.ts';
import { namesItsProject } from './scopes.ts';

export const SettingScope = once(() => z.enum(['user', 'project', 'organization']));
const ScopeId = once(() =>
  described(
    z.string().check(z.regex(/^(me|(acct|proj|org)_[0-9a-f]{32})$/, 'Must be `me` or an id')),
    '`me` for one’s own, else a `proj_…` or `org_…`',
  ),
);

const value = once(() => ({
  provider: matching(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Must be the id of a provider'),
  model: z.nullish(text(1, 200)),
  endpoint_url: described(
    z.nullish(text(1, 2_048)),
    'Of a self-hosted model: docs/custom-endpoints.md. It gets the key of this scope that was kept with this address, or none',
  ),
}));

export const SettingRequest = named('ProviderSettingRequest', () => z.strictObject(value()));
export type SettingRequest = Of<typeof SettingRequest>;

export const Setting = named('ProviderSetting', () =>
  z.looseObject({
    scope: SettingScope(),
    scope_id: z.string(),
    operation: z.string(),
    provider: z.string(),
    model: z.nullable(z.string()),
    endpoint_url: z.nullable(z.string()),
    version: described(z.int(), 'Grows with every change; the `ETag` in quotes'),
    updated_by: z.string(),
    updated_at: Timestamp(),
  }),
);

const Chosen = () => z.object({ value: z.nullable(z.string()), origin: CredentialOrigin() });

export const EffectiveSetting = named(
  'EffectiveSetting',
  () =>
    z.looseObject({
      operation: z.string(),
      provider: Chosen(),
      model: Chosen(),
      endpoint_url: z.nullable(Chosen()),
      key: described(
        z.nullable(z.looseObject({ id: z.string(), last4: z.nullable(z.string()), origin: CredentialOrigin() })),
        'The next one of its pool; the digits of the platform’s are for operators',
      ),
      settings_url: described(z.url(), 'Where this is set'),
      routes: z.array(z.looseObject({ provider: z.string(), outcome: z.string(), reason: z.string() })),
      considered: z.array(
        z.looseObject({
          origin: CredentialOrigin(),
          outcome: z.enum(['chosen', 'overridden', 'not_set', 'not_possible']),
          key: z.enum(['chosen', 'overridden', 'none', 'out_of_service', 'not_allowed']),
        }),
      ),
    }),
  'What would be taken, from which level, and why not from the others.',
);

const MAX_IMPORTED = 100;
const ImportRequest = named(
  'SettingsImport',
  () =>
    z.strictObject({
      settings: arrayOf(z.strictObject({ operation: SettingOperation(), ...value() }), 1, MAX_IMPORTED),
    }),
  'What a browser kept of old; taken once, and never over what is set.',
);

const Imported = () => z.object({ imported: z.int(), already_imported: z.boolean() });

const place = once(() => ({
  scope: z.optional(SettingScope()),
  scope_id: optional(ScopeId(), '`me` for one’s own, else a `proj_…`, which `project` needs, or an `org_…`'),
}));
const tag = 'Provider settings';
const params = () => z.object({ scope: SettingScope(), scope_id: ScopeId(), operation: SettingOperation() });
const path = '/v1/provider-settings/{scope}/{scope_id}/{operation}';
const setting = { description: 'The setting; its version as `ETag`', schema: Setting };

export const showSetting = contract({
  method: 'get',
  path,
  scopes: ['keys'],
  tag,
  summary: 'One setting',
  params,
  answers: { 200: setting },
  refusals: ['forbidden', 'not_found'],
});

export const putSetting = contract({
  method: 'put',
  path,
  scopes: ['keys'],
  tag,
  summary: 'Choose provider, model and address for a kind of work',
  description:
    'With `If-Match` only over the version that was read, with `If-Match: "0"` only where nothing is set; 412 otherwise.',
  params,
  body: SettingRequest,
  conditional: true,
  answers: { 200: setting },
  refusals: ['forbidden', 'not_found', 'precondition_failed'],
});

export const removeSetting = contract({
  method: 'delete',
  path,
  scopes: ['keys'],
  tag,
  summary: 'Leave the choice to the next level',
  params,
  conditional: true,
  answers: { 204: { description: 'Gone' } },
  refusals: ['forbidden', 'not_found', 'precondition_failed'],
});

export const listSettings = contract({
  method: 'get',
  path: '/v1/provider-settings',
  scopes: ['keys'],
  tag,
  summary: 'Settings of every level that the caller can see',
  query: () => z.strictObject({ ...place(), ...pageQuery() }).check(namesItsProject()),
  answers: { 200: { description: 'A page of settings', schema: listOf(Setting) } },
  refusals: ['forbidden', 'not_found'],
});

const flag = once(() =>
  z.pipe(
    z.enum(['true', 'false']),
    z.transform((text) => text === 'true'),
  ),
);

export const effectiveSetting = contract({
  method: 'get',
  path: '/v1/provider-settings/effective',
  scopes: ['jobs', 'keys'],
  tag,
  summary: 'What a job would take: project, organisation, user, environment, in this order',
  description:
    'By the same resolution that accepts jobs; provider, model and key each have a level of their own. A job names its model today (`auto` comes ' +
    'with the catalogue), so the model of a setting chooses among the routes of the model that the job names: the route with that model is tried ' +
    'first, then the others of its provider, then the rest, unless the request’s own `routing` orders them.',
  query: () =>
    z.strictObject({
      operation: SettingOperation(),
      project_id: z.optional(ProjectId()),
      account_id: z.optional(AccountId()),
      provider: optional(text(1, 100), 'As if the request itself named it'),
      model: optional(text(1, 200), 'The same for the model'),
      provider_key: z.optional(text(1, 100)),
      byok_only: z.optional(flag()),
      allow_platform_key: z.optional(flag()),
    }),
  answers: { 200: { description: 'The choice', schema: EffectiveSetting } },
  refusals: ['forbidden', 'not_found'],
});

export const settingsEvents = contract({
  method: 'get',
  path: '/v1/provider-settings/events',
  scopes: ['keys'],
  tag,
  summary: 'Changes of settings and keys as server-sent events, for other tabs',
  description:
    '`setting.changed`, `setting.deleted`, `provider_key.created`, `provider_key.disabled` and so on. Send `Last-Event-ID` to go on after a break.',
  query: () =>
    z
      .strictObject({ ...place(), last_event_id: z.optional(z.string().check(z.maxLength(40))) })
      .check(namesItsProject()),
  resumable: true,
  answers: { 200: { description: 'The stream', schema: () => z.string(), contentType: 'text/event-stream' } },
  refusals: ['forbidden', 'not_found'],
});

export const importSettings = contract({
  method: 'post',
  path: '/v1/provider-settings/import',
  scopes: ['keys'],
  tag,
  summary: 'Take over settings that a browser kept; once',
  body: ImportRequest,
  idempotency: 'optional',
  answers: { 200: { description: 'What was taken', schema: Imported } },
  refusals: ['forbidden', 'idempotency_mismatch'],
});
