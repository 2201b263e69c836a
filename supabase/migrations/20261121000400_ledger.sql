-- The books. One customer's ledger accounts (granted → available → held → spent) live in its own slots; customers share no row.
-- What a value may be is said by domains: a session keeps a domain's check ready, a table's is parsed again by every statement that writes.
create domain darkroom.credits as bigint check (value >= 0);
create domain darkroom.natural as int check (value >= 0);
create domain darkroom.movement as bigint check (value <> 0);
create domain darkroom.entry_kind as text check (value in ('grant', 'hold', 'settle', 'void', 'refund'));
create domain darkroom.hold_status as text check (value in ('held', 'settled', 'voided'));
create type darkroom.ledger as enum ('granted', 'available', 'held', 'spent');

-- A slot is one row with its own chain. No secondary index and much free space: every update is heap-only.
create table darkroom.slots (
  account_id text collate "C" not null references darkroom.accounts (id),
  slot darkroom.natural not null,
  granted bigint not null default 0,                                   -- below zero by what was ever issued
  available darkroom.credits not null default 0,
  held darkroom.credits not null default 0,
  spent darkroom.credits not null default 0,
  outstanding darkroom.natural not null default 0,
  max_outstanding darkroom.natural not null default 10000,             -- this slot's share of the account's limits
  rate_limit_per_minute darkroom.natural not null default 6000,
  free_jobs_per_day darkroom.natural not null default 10000,
  window_at timestamptz not null default '-infinity',                  -- accept's rate limit: a minute and its count
  window_count int not null default 0,
  version bigint not null default 0,
  head bytea not null default '\x',
  primary key (account_id, slot),
  constraint conserved check (granted + available + held + spent = 0)
) with (fillfactor = 20);

-- An allowance (a key's or a client token's credits, an account's free jobs a day), shared out over the slots.
create table darkroom.caps (
  account_id text collate "C" not null,
  subject text collate "C" not null,
  slot int not null,
  period date not null,
  used darkroom.credits not null default 0,
  share darkroom.credits not null,
  primary key (account_id, subject, slot)
) with (fillfactor = 20);

create sequence darkroom.transfer_id;
create table darkroom.entries (
  account_id text collate "C" not null,
  slot int not null,
  version bigint not null,
  transfer bigint not null,
  ledger darkroom.ledger not null,
  amount darkroom.movement not null,
  balance bigint not null,
  kind darkroom.entry_kind not null,
  ref text collate "C" not null,          -- the job's or the grant's id
  at timestamptz not null,
  hash bytea not null,
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1,           -- raised after a restore: xids of an earlier epoch are all visible
  primary key (account_id, slot, version)
);
create index on darkroom.entries (ref);

create table darkroom.holds (
  id text collate "C" primary key,        -- the job's id: a job has exactly one hold
  account_id text collate "C" not null,
  slot int not null,
  credits darkroom.credits not null,
  status darkroom.hold_status not null default 'held',
  allowances jsonb not null default '[]', -- [{subject, period, amount}]: what its end gives back
  at timestamptz not null default darkroom.now(),
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1
) with (fillfactor = 70);

create table darkroom.hold_ends (
  hold_id text collate "C" primary key references darkroom.holds (id),
  status text not null check (status in ('settled', 'voided')),
  charged darkroom.credits not null,
  released darkroom.credits not null,
  waste darkroom.credits not null default 0,
  at timestamptz not null default darkroom.now(),
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1
);

create table darkroom.grants (
  id text collate "C" primary key default darkroom.new_id('grant'),
  account_id text collate "C" not null references darkroom.accounts (id),
  credits bigint not null check (credits > 0),
  kind text not null check (kind in ('purchase', 'promo', 'adjustment')),
  reason text not null,
  reference text,
  granted_by text not null,
  at timestamptz not null default darkroom.now(),
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1
);
create unique index on darkroom.grants (account_id, kind, reference) where reference is not null;
create index on darkroom.grants (account_id, at);

create table darkroom.refunds (
  id text collate "C" primary key default darkroom.new_id('refund'),
  job_id text collate "C" not null,
  account_id text collate "C" not null,
  credits bigint not null check (credits > 0),
  reason text not null,
  refunded_by text not null,
  at timestamptz not null default darkroom.now(),
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1
);
create index on darkroom.refunds (job_id);

create trigger append_only before update or delete or truncate on darkroom.entries for each statement execute function darkroom.append_only();
create trigger append_only before update or delete or truncate on darkroom.hold_ends for each statement execute function darkroom.append_only();
create trigger append_only before update or delete or truncate on darkroom.grants for each statement execute function darkroom.append_only();
create trigger append_only before update or delete or truncate on darkroom.refunds for each statement execute function darkroom.append_only();
