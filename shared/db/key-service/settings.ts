import type { Credential } from '../../auth/credential.ts';
import type { Call } from '../client.ts';
import type { Once, Page, Replayed, Scope } from '../common.ts';

export type Origin = 'request' | 'project' | 'organization' | 'user' | 'environment';
export type SettingScope = 'user' | 'project' | 'organization';
export type SettingValue = { provider: string; model?: string | null; endpoint_url?: string | null };
export type SettingRow = Required<SettingValue> & {
  object: 'provider_setting';
  scope: SettingScope;
  scope_id: string;
  operation: string;
  /** What the ETag says; never given twice. */
  version: number;
  updated_by: string;
  updated_at: string;
};
export type SettingsEvent = { id: number; type: string; data: Record<string, unknown>; at: string };

/** A route of the catalogue, in its order. */
export type KnownRoute = { provider: string; provider_model: string; profiles: string[]; model?: string };
export type EffectiveRequest = {
  provider?: string;
  model?: string;
  provider_key?: string;
  account_id?: string;
  byok_only?: boolean;
  allow_platform_key?: boolean;
};
export type Effective = {
  operation: string;
  provider: { value: string | null; origin: Origin };
  model: { value: string | null; origin: Origin };
  endpoint_url: { value: string; origin: Origin } | null;
  /** `last4` of the platform's keys is for operators. */
  key: { id: string; last4: string | null; origin: Origin } | null;
  /** A path; the Worker puts its origin in front. */
  settings_url: string;
  routes: { provider: string; provider_model: string | null; outcome: 'candidate' | 'skipped'; reason: string }[];
  considered: {
    origin: Origin;
    outcome: 'chosen' | 'overridden' | 'not_set' | 'not_possible';
    provider?: string;
    model?: string;
    key: 'chosen' | 'overridden' | 'none' | 'out_of_service' | 'not_allowed';
  }[];
};

/** Which provider, model and endpoint an operation goes to. `if_match`: a version, 0 for «none yet», null for whatever is there. */
export const settingCalls = (call: Call) => ({
  putSetting: (
    credential: Credential,
    place: { scope: SettingScope; scope_id: string; operation: string },
    value: SettingValue,
    if_match: number | null,
  ) => call<SettingRow>('put_setting', { credential, ...place, value, if_match }),
  getSetting: (credential: Credential, scope: SettingScope, scope_id: string, operation: string) =>
    call<SettingRow>('get_setting', { credential, scope, scope_id, operation }),
  listSettings: (credential: Credential, filter: Scope) =>
    call<Page<SettingRow>>('list_settings', { credential, filter }),
  deleteSetting: (
    credential: Credential,
    place: { scope: SettingScope; scope_id: string; operation: string },
    if_match: number | null,
  ) => call<SettingRow & { deleted: true }>('delete_setting', { credential, ...place, if_match }),
  /** `after` null: no events, only the number to go on from. */
  settingsEvents: (credential: Credential, after: number | null, filter: Scope, max: number) =>
    call<{ events: SettingsEvent[]; last: number }>('settings_events', { credential, after, filter, max }),
  importSettings: (credential: Credential, settings: (SettingValue & { operation: string })[], idempotency: Once) =>
    call<Replayed<{ imported: number; already_imported: boolean }>>('import_settings', {
      credential,
      settings,
      idempotency,
    }),
  effectiveSettings: (
    credential: Credential,
    operation: string,
    project_id: string | null,
    request: EffectiveRequest,
    candidates: KnownRoute[],
  ) => call<Effective>('effective_settings', { credential, operation, project_id, request, candidates }),
});
