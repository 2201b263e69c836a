-- Who exists: users, organisations and their members, projects, accounts that pay, and the keys that clients hold.
create table darkroom.accounts (
  id text collate "C" primary key default darkroom.new_id('acct'),
  kind text not null check (kind in ('user', 'organization')),
  name text not null check (length(name) between 1 and 200),
  webhook_secret_version int not null default 1,
  settings_imported_at timestamptz,                     -- browser-stored settings are taken over once
  created_at timestamptz not null default darkroom.now()
);

create table darkroom.users (
  id uuid primary key,                                  -- the identity provider's `sub`
  account_id text collate "C" not null unique references darkroom.accounts (id),
  email text,
  created_at timestamptz not null default darkroom.now()
);

create table darkroom.organizations (
  id text collate "C" primary key default darkroom.new_id('org'),
  account_id text collate "C" not null unique references darkroom.accounts (id),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default darkroom.now()
);

create table darkroom.members (
  organization_id text collate "C" not null references darkroom.organizations (id),
  account_id text collate "C" not null references darkroom.accounts (id), -- the organisation's: row-level security reads it
  user_id uuid not null references darkroom.users (id),
  role text not null check (role in ('owner', 'admin', 'member', 'billing')),
  created_at timestamptz not null default darkroom.now(),
  primary key (organization_id, user_id)
);
create index on darkroom.members (user_id);

-- An invitation is taken by whoever is signed in under its address and has its token; only the token's hash is kept.
create table darkroom.invitations (
  id text collate "C" primary key default darkroom.new_id('inv'),
  organization_id text collate "C" not null references darkroom.organizations (id),
  account_id text collate "C" not null references darkroom.accounts (id),
  email text not null check (email = lower(email) and length(email) between 3 and 320),
  role text not null check (role in ('owner', 'admin', 'member', 'billing')),
  token_hash text collate "C" not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
  invited_by text not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references darkroom.users (id),
  revoked_at timestamptz,
  created_at timestamptz not null default darkroom.now()
);
create index on darkroom.invitations (organization_id, id);
create unique index on darkroom.invitations (organization_id, email) where accepted_at is null and revoked_at is null;

create table darkroom.projects (
  id text collate "C" primary key default darkroom.new_id('proj'),
  account_id text collate "C" not null references darkroom.accounts (id),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default darkroom.now(),
  deleted_at timestamptz
);
create index on darkroom.projects (account_id);

-- Only the hash is kept. `admin` is the operators' scope: it reaches every account.
create table darkroom.api_keys (
  id text collate "C" primary key default darkroom.new_id('ak'),
  account_id text collate "C" not null references darkroom.accounts (id),
  user_id uuid references darkroom.users (id),
  hash text collate "C" not null unique check (hash ~ '^[0-9a-f]{64}$'),
  prefix text not null,
  name text not null default '',
  scopes text[] not null check (scopes <@ array['jobs', 'keys', 'billing', 'webhooks', 'admin']),
  allowed_models text[],
  monthly_credit_cap bigint check (monthly_credit_cap >= 0),
  rate_limit_per_minute int check (rate_limit_per_minute > 0),
  root_id text collate "C",                             -- the key this was rolled from first: its caps are counted under that name
  replaced_by text collate "C",
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default darkroom.now()
) with (fillfactor = 80);
create index on darkroom.api_keys (account_id, id desc);
create index on darkroom.api_keys (user_id) where user_id is not null;

-- The minute of a rate limit, and its count, by whom or what it limits (an API key; an account's tries of keys). Not on a key's row: that is
-- locked before the slot, this after it.
create table darkroom.rates (
  subject text collate "C" primary key,
  window_at timestamptz not null default '-infinity',
  window_count int not null default 0
) with (fillfactor = 20);

-- Short-lived, for an app to hold: it acts for one end user, and is good only as long as the key that made it.
create table darkroom.client_tokens (
  id text collate "C" primary key default darkroom.new_id('ct'),
  account_id text collate "C" not null references darkroom.accounts (id),
  user_id uuid references darkroom.users (id),
  api_key_id text collate "C" references darkroom.api_keys (id),
  hash text collate "C" not null unique check (hash ~ '^[0-9a-f]{64}$'),
  user_ref text not null check (length(user_ref) between 1 and 255),
  scopes text[] not null check (scopes <@ array['jobs']),
  allowed_models text[],
  max_credits bigint check (max_credits >= 0),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null default darkroom.now()
);
create index on darkroom.client_tokens (account_id, id desc);
create index on darkroom.client_tokens (expires_at);
