import type { PageFilter, Scope } from '../common.ts';

export type ProviderKeyRow = {
  id: string;
  object: 'provider_key';
  provider: string;
  profile: string | null;
  scope: 'user' | 'project' | 'organization' | 'platform';
  scope_id: string | null;
  /** `endpoint`: stands for a custom endpoint that is called without a key. */
  source: 'sealed' | 'environment' | 'endpoint';
  name: string;
  last4: string;
  fingerprint: string;
  version: number;
  priority: number;
  max_concurrency: number;
  /** Attempts that run with it now. */
  running: number;
  is_active: boolean;
  state: 'active' | 'out_of_credit' | 'disabled' | 'draining';
  state_reason: string | null;
  next_probe_at: string | null;
  cooling: { provider_model: string; until: string }[];
  /** Successes. */
  usage_count: number;
  failure_count: number;
  last_used_at: string | null;
  additional_config: Record<string, unknown>;
  /** Settings that are sealed with the key: their paths, such as `auth/user`. */
  secret_fields: string[];
  created_at: string;
};
export type KeyEvent = { at: string; from: string; to: string; reason: string | null; version: number };

/** Envelopes, and settings of which the secret ones are envelopes: SQL keeps those apart. */
export type Sealed = {
  api_key: string;
  api_secret?: string | null;
  additional_config?: Record<string, unknown>;
};
/** `api_key` null: the ciphertext was put into the keys' own database before. */
type Contents = Omit<Sealed, 'api_key'> & { api_key: string | null; last4: string; fingerprint: string };
export type NewProviderKey = Contents &
  Scope & {
    id: string;
    provider: string;
    profile?: string;
    name?: string;
    priority?: number;
    max_concurrency?: number;
  };
export type NextVersion = Contents & { version: number };
/** Settings are replaced as a whole. */
export type ProviderKeyPatch = {
  name?: string;
  priority?: number;
  is_active?: boolean;
  max_concurrency?: number;
  profile?: string | null;
  additional_config?: Record<string, unknown>;
};

/**
 * What a seal is bound to, before anything is sealed. `sibling`: an envelope of the same owner, whose data key is used again. `answered`:
 * nothing needs sealing, the same request was answered before.
 */
export type SealPlan = {
  id: string;
  version: number;
  owner: string;
  provider: string;
  sibling: string | null;
  answered: boolean;
};
/** A key as it is stored; sealed settings stand among the others in `additional_config`. */
export type KeyMaterial = {
  key_id: string;
  version: number;
  provider: string;
  owner: string;
  source: ProviderKeyRow['source'];
  /** `elsewhere`: the envelopes lie in the keys' own database. */
  stored: 'here' | 'elsewhere';
  env_name: string | null;
  /** Of the key that was pinned: a variable of the environment may hold another one by now. */
  fingerprint: string;
  api_key: string | null;
  api_secret: string | null;
  additional_config: Record<string, unknown>;
};
export type KeyCheck = {
  result: 'valid' | 'invalid' | 'out_of_credit' | 'unreachable';
  message?: string;
  retry_after_seconds?: number;
};
export type ProviderKeyFilter = Scope & PageFilter & { provider?: string; profile?: string };
export type DeletedKey = { id: string; object: 'provider_key'; deleted: true; draining: number };
export type KeyPoolRow = {
  profile: string;
  object: 'key_pool';
  scope: ProviderKeyRow['scope'];
  scope_id: string | null;
  strategy: 'least_used' | 'round_robin';
  keys: string[];
};
