import type { Credential } from '../../auth/credential.ts';
import type { Call } from '../client.ts';
import type { Once, Page, PageFilter, Replayed, Scope } from '../common.ts';

type Limits = {
  scopes: string[];
  expires_at?: string | null;
  allowed_models?: string[] | null;
  /** Credits. */
  monthly_credit_cap?: number | null;
  rate_limit_per_minute?: number | null;
};
/** `hash` is the SHA-256 of the secret, which is shown once and never stored. */
export type NewApiKey = Limits & { name: string; organization_id?: string; prefix: string; hash: string };
export type ApiKeyPatch = Partial<Limits & { name: string }>;
export type ApiKeyRow = Required<Limits> & {
  id: string;
  object: 'api_key';
  name: string;
  prefix: string;
  account_id: string;
  organization_id: string | null;
  user_id: string | null;
  /** Credits drawn on the cap this month; null without a cap. */
  cap_used: number | null;
  status: 'active' | 'expired' | 'revoked';
  replaced_by: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  created_at: string;
};
export type Rolled = ApiKeyRow & { rolled_from?: { id: string; expires_at: string } };

export type NewClientToken = {
  user_ref: string;
  scopes: string[];
  allowed_models?: string[];
  max_credits?: number;
  /** Seconds. */
  expires_in: number;
};
export type ClientTokenRow = {
  id: string;
  object: 'client_token';
  user_ref: string;
  scopes: string[];
  allowed_models: string[] | null;
  max_credits: number | null;
  credits_used: number;
  expires_at: string;
  revoked_at: string | null;
  created_at: string;
};

export type AuditFilter = Scope &
  PageFilter & { action?: string; target?: string; actor?: string; from?: string; to?: string };
export type AuditRow = {
  id: string;
  object: 'audit_entry';
  at: string;
  /** `ak_…`, a user's id, or `system`. */
  actor: string;
  user_id: string | null;
  action: string;
  target: { kind: string; id: string };
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
};

/** What clients hold, and the log of who changed what. */
export const apiKeyCalls = (call: Call) => ({
  createApiKey: (credential: Credential, request: NewApiKey, idempotency: Once) =>
    call<Replayed<ApiKeyRow>>('create_api_key', { credential, request, idempotency }),
  listApiKeys: (credential: Credential, filter: PageFilter & { organization_id?: string }) =>
    call<Page<ApiKeyRow>>('list_api_keys', { credential, filter }),
  getApiKey: (credential: Credential, id: string) => call<ApiKeyRow>('get_api_key', { credential, id }),
  patchApiKey: (credential: Credential, id: string, patch: ApiKeyPatch) =>
    call<ApiKeyRow>('patch_api_key', { credential, id, patch }),
  revokeApiKey: (credential: Credential, id: string) => call<ApiKeyRow>('revoke_api_key', { credential, id }),
  rollApiKey: (
    credential: Credential,
    id: string,
    request: { prefix: string; hash: string; overlap_seconds: number },
    idempotency: Once,
  ) => call<Replayed<Rolled>>('roll_api_key', { credential, id, request, idempotency }),

  createClientToken: (credential: Credential, request: NewClientToken, hash: string, idempotency: Once) =>
    call<Replayed<ClientTokenRow>>('create_client_token', { credential, request, hash, idempotency }),
  revokeClientToken: (credential: Credential, id: string) =>
    call<ClientTokenRow>('revoke_client_token', { credential, id }),
  purgeClientTokens: (max: number) => call<{ purged: number }>('purge_client_tokens', { max }),

  auditLog: (credential: Credential, filter: AuditFilter) => call<Page<AuditRow>>('audit_log', { credential, filter }),
});
