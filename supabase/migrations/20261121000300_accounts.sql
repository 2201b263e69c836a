-- Who exists: users, organisations and their members, projects, accounts that pay, and the keys that clients hold.
create table darkroom.accounts (
  id text collate "C" primary key default darkroom.new_id('acct'),
  kind text not null check (kind in ('user', 'organization')),
  name text not null check (length(name) between 1 and 200),
  slots int not null default 1 check (slots >= 1),
  max_outstanding int not null default 10000 check (max_outstanding >= 0),
  rate_limit_per_minute int not null default 6000 check (rate_limit_per_minute > 0),
  free_jobs_per_day int not null default 10000 check (free_jobs_per_day >= 0),
  webhook_secret_version int not null default 1,
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
  user_id uuid not null references darkroom.users (id),
  role text not null check (role in ('owner', 'admin', 'member', 'billing')),
  created_at timestamptz not null default darkroom.now(),
  primary key (organization_id, user_id)
);
create index on darkroom.members (user_id);

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
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default darkroom.now()
);
create index on darkroom.api_keys (account_id);
