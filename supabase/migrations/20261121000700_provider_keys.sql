-- Keys of providers: the metadata that routing and claims read. `api_key` holds an envelope (never the key itself), and is null
-- for keys that stand in the environment or in the keys' own database.
create table darkroom.provider_api_keys (
  id text collate "C" primary key default darkroom.new_id('key'),
  provider_key text,                      -- the provider profile it is for; null: every profile of its provider
  provider_name text not null,
  owner_kind text not null check (owner_kind in ('platform', 'organization', 'user', 'project')),
  owner_id text collate "C" not null,     -- 'platform', or an account's or a project's id
  account_id text collate "C" references darkroom.accounts (id),
  source text not null default 'sealed' check (source in ('sealed', 'environment')),
  env_name text,
  version int not null default 1,
  api_key text,
  api_secret text,
  additional_config jsonb not null default '{}',
  name text not null default '',
  last4 text not null,
  fingerprint text not null,
  is_active boolean not null default true,
  state text not null default 'active' check (state in ('active', 'out_of_credit', 'disabled', 'draining')),
  state_reason text,
  priority int not null default 0,
  max_concurrency int not null default 10 check (max_concurrency >= 0),
  picks bigint not null default 0,
  picked_at timestamptz,
  usage_count bigint not null default 0,  -- successes only
  failure_count bigint not null default 0,
  last_used_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null default darkroom.now(),
  check ((owner_kind = 'platform') = (account_id is null)),
  check ((source = 'environment') = (env_name is not null))
) with (fillfactor = 50);
create index on darkroom.provider_api_keys (provider_name, owner_kind, owner_id) where deleted_at is null;
create unique index on darkroom.provider_api_keys (env_name, coalesce(provider_key, '')) where source = 'environment' and deleted_at is null;

create table darkroom.key_cooldowns (
  key_id text collate "C" not null references darkroom.provider_api_keys (id),
  provider_model text not null,
  until timestamptz not null,
  primary key (key_id, provider_model)
);
create index on darkroom.key_cooldowns (until);
