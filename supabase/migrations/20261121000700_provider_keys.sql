-- Keys of providers: the metadata that routing and claims read. No ciphertext stands here: that is kept per version, in a store of its own.
create table darkroom.provider_api_keys (
  id text collate "C" primary key default darkroom.new_id('key'),
  provider_key text,                      -- the provider profile it is for; null: every profile of its provider
  provider_name text not null,
  owner_kind text not null check (owner_kind in ('platform', 'organization', 'user', 'project')),
  owner_id text collate "C" not null,     -- 'platform', or an account's or a project's id
  account_id text collate "C" references darkroom.accounts (id),
  source text not null default 'sealed' check (source in ('sealed', 'environment', 'endpoint')), -- endpoint: somebody's own, without a key
  env_name text,
  endpoint text collate "C",               -- the address that it was kept with and is sent to, null: its provider's own
  version int not null default 1,
  name text not null default '' check (length(name) <= 200),
  last4 text not null,
  fingerprint text not null,
  is_active boolean not null default true,
  state text not null default 'active' check (state in ('active', 'out_of_credit', 'disabled', 'draining')),
  state_reason text,
  priority int not null default 0,
  max_concurrency int not null default 10 check (max_concurrency >= 0),
  picks bigint not null default 0,
  turn bigint not null default 0,         -- when it was picked last, as a number that no clock can set back
  usage_count bigint not null default 0,  -- successes only
  failure_count bigint not null default 0,
  last_used_at timestamptz,
  probes int not null default 0,          -- asked so often since it last worked
  worked bigint not null default -1,      -- its usage_count when it last went out of service
  probe_at timestamptz,                   -- out of service: when to ask the provider again
  deleted_at timestamptz,
  created_at timestamptz not null default darkroom.now(),
  check ((owner_kind = 'platform') = (account_id is null)),
  check ((source = 'environment') = (env_name is not null))
) with (fillfactor = 50);
create index on darkroom.provider_api_keys (owner_kind, owner_id, provider_name) where deleted_at is null;
create index on darkroom.provider_api_keys (account_id, id) where deleted_at is null;
create index on darkroom.provider_api_keys (probe_at) where probe_at is not null;
create unique index on darkroom.provider_api_keys (env_name, coalesce(provider_key, '')) where source = 'environment' and deleted_at is null;
-- One key is one row of its owner's: twice in a pool it would count its limit twice.
create unique index one_key on darkroom.provider_api_keys (owner_kind, owner_id, fingerprint, coalesce(provider_key, ''))
  where source = 'sealed' and deleted_at is null;
create sequence darkroom.pick_turn;

-- What an attempt pins besides the key's id. A version is retired by its successor or with its key, and wiped once no attempt needs it.
create table darkroom.provider_key_versions (
  key_id text collate "C" not null references darkroom.provider_api_keys (id),
  version int not null check (version >= 1),
  account_id text collate "C",
  stored text not null check (stored in ('here', 'elsewhere')), -- in which database its ciphertext lies
  additional_config jsonb not null default '{}',                -- in clear; what is secret is sealed with the key
  secret_fields text[] not null default '{}',
  last4 text not null,
  fingerprint text not null,
  created_by text not null,
  created_at timestamptz not null default darkroom.now(),
  retired_at timestamptz,
  wiped_at timestamptz,
  primary key (key_id, version)
);
create index on darkroom.provider_key_versions (retired_at) where retired_at is not null and wiped_at is null;

create table darkroom.key_cooldowns (
  key_id text collate "C" not null references darkroom.provider_api_keys (id),
  provider_model text not null,
  until timestamptz not null,
  primary key (key_id, provider_model)
);
create index on darkroom.key_cooldowns (until);

-- How the keys of one profile and owner take turns. Without a row: highest priority, then fewest picks.
create table darkroom.key_pools (
  profile text collate "C" not null,
  owner_kind text not null check (owner_kind in ('platform', 'organization', 'user', 'project')),
  owner_id text collate "C" not null,
  account_id text collate "C" references darkroom.accounts (id),
  strategy text not null check (strategy in ('least_used', 'round_robin')),
  primary key (owner_kind, owner_id, profile)
);

-- Which provider an owner wants for an operation. `owner_id` is an account's or a project's id, as for keys.
create table darkroom.provider_settings (
  owner_kind text not null check (owner_kind in ('project', 'organization', 'user')),
  owner_id text collate "C" not null,
  operation text collate "C" not null,
  account_id text collate "C" not null references darkroom.accounts (id),
  provider text not null,
  model text,
  endpoint_url text,
  version bigint not null,                -- never given twice, so that a row made anew is not taken for the old one
  updated_by text not null,
  updated_at timestamptz not null default darkroom.now(),
  primary key (owner_kind, owner_id, operation)
);
create index on darkroom.provider_settings (account_id);
create sequence darkroom.setting_version;
