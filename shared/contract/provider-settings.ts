import * as z from 'zod';
import { AccountId, ProjectId } from './ids.ts';
import { CredentialOrigin } from './job.ts';
import { pageQuery } from './lists.ts';
import { SettingOperation } from './operations.ts';
import { contract } from './route-doc.ts';
import { Timestamp } from './scalars.ts';

export const SettingScope = z.enum(['user', 'project', 'organization']);
const ScopeId = z
  .string()
  .regex(/^(me|(acct|proj|org)_[0-9a-f]{32})$/, 'Must be `me` or an id')
  .describe('`me` for one’s own, else a `proj_…` or `org_…`');

const value = {
  provider: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Must be the id of a provider'),
  model: z.string().min(1).max(200).nullish(),
  endpoint_url: z.string().min(1).max(2_048).nullish().describe('Of a self-hosted model: docs/custom-endpoints.md'),
};

export const SettingRequest = z.strictObject(value).meta({ id: 'ProviderSettingRequest' });
export type SettingRequest = z.output<typeof SettingRequest>;

export const Setting = z
  .looseObject({
    scope: SettingScope,
    scope_id: z.string(),
    operation: z.string(),
    provider: z.string(),
    model: z.string().nullable(),
    endpoint_url: z.string().nullable(),
    version: z.int().describe('Grows with every change; the `ETag` in quotes'),
    updated_at: Timestamp,
  })
  .meta({ id: 'ProviderSetting' });

const Chosen = z.object({ value: z.string().nullable(), origin: CredentialOrigin.nullable() });

export const EffectiveSetting = z
  .looseObject({
    operation: z.string(),
    provider: Chosen,
    model: Chosen,
    endpoint_url: Chosen.optional(),
    key: z.looseObject({ id: z.string(), last4: z.string(), origin: CredentialOrigin }).nullable(),
    considered: z.array(z.looseObject({ origin: z.string(), outcome: z.string() })),
  })
  .meta({ id: 'EffectiveSetting', description: 'What would be taken, from which level, and why not from the others.' });

const MAX_IMPORTED = 100;
const ImportRequest = z
  .strictObject({
    settings: z
      .array(z.strictObject({ operation: SettingOperation, ...value }))
      .min(1)
      .max(MAX_IMPORTED),
  })
  .meta({ id: 'SettingsImport', description: 'What a browser kept of old; taken once, and never over what is set.' });

const tag = 'Provider settings';
const params = z.object({ scope: SettingScope, scope_id: ScopeId, operation: SettingOperation });
const path = '/v1/provider-settings/{scope}/{scope_id}/{operation}';
const setting = { description: 'The setting; its version as `ETag`', schema: Setting };

export const showSetting = contract({
  method: 'get',
  path,
  tag,
  summary: 'One setting',
  params,
  answers: { 200: setting },
  refusals: ['forbidden', 'not_found'],
});

export const putSetting = contract({
  method: 'put',
  path,
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
  tag,
  summary: 'Settings of every level that the caller can see',
  query: z.strictObject({ scope: SettingScope.optional(), scope_id: ScopeId.optional(), ...pageQuery() }),
  answers: { 200: { description: 'All of them', schema: z.object({ data: z.array(Setting), next_cursor: z.null() }) } },
  refusals: ['forbidden', 'not_found'],
});

const Selection = { project_id: ProjectId.optional(), account_id: AccountId.optional() };

export const effectiveSetting = contract({
  method: 'get',
  path: '/v1/provider-settings/effective',
  tag,
  summary: 'What a job would take: project, organisation, user, environment, in this order',
  query: z.strictObject({
    operation: SettingOperation,
    provider: z.string().min(1).max(40).optional().describe('As if the request itself named it'),
    model: z.string().min(1).max(200).optional().describe('The same for the model'),
    ...Selection,
  }),
  answers: { 200: { description: 'The choice', schema: EffectiveSetting } },
  refusals: ['not_found'],
});

export const settingsEvents = contract({
  method: 'get',
  path: '/v1/provider-settings/events',
  tag,
  summary: 'Changes of settings and keys as server-sent events, for other tabs',
  description: '`setting` and `key` with what changed. Send `Last-Event-ID` to go on after a break.',
  query: z.strictObject({ ...Selection, last_event_id: z.string().max(40).optional() }),
  resumable: true,
  answers: { 200: { description: 'The stream', schema: z.string(), contentType: 'text/event-stream' } },
  refusals: ['not_found'],
});

export const importSettings = contract({
  method: 'post',
  path: '/v1/provider-settings/import',
  tag,
  summary: 'Take over settings that a browser kept; once',
  body: ImportRequest,
  idempotency: 'optional',
  answers: { 200: { description: 'What was taken', schema: z.looseObject({ imported: z.int() }) } },
  refusals: ['forbidden', 'idempotency_mismatch'],
});
