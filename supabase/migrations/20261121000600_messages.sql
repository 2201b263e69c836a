-- What crosses the edge of a transaction: idempotency records, quotes, wake-ups to send, messages consumed, deliveries to partners.
create domain darkroom.idempotency_key as text collate "C" check (length(value) between 1 and 255);
create table darkroom.requests (
  account_id text collate "C" not null,
  key darkroom.idempotency_key not null,
  hash text not null,
  kind text not null,                     -- job, batch, quote, grant, refund, cancel, review, …
  object_ids text[] not null default '{}',
  refusal jsonb,                          -- a stored refusal stays one: `insufficient_credits` is not cured by a top-up
  at timestamptz not null default darkroom.now(),
  primary key (account_id, key)
);

create table darkroom.quotes (
  id text collate "C" primary key default darkroom.new_id('qt'),
  account_id text collate "C" not null,
  hash text not null,
  credits bigint not null check (credits >= 0),
  offer jsonb not null,                   -- {provider, model, credential, alternatives}
  credits_max bigint not null check (credits_max >= 0),
  consumed_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default darkroom.now()
);

-- The outbox of wake-ups: written with the work, deleted by the claim that looks at the lane, sent again by the sweep.
create table darkroom.outbox (
  id bigint generated always as identity,
  lane text collate "C" not null,
  due_at timestamptz not null,
  created_at timestamptz not null default darkroom.now(),
  primary key (lane, id)
);
create index on darkroom.outbox (due_at);

create table darkroom.consumed_messages (
  source text not null,
  message_id text collate "C" not null,
  body jsonb not null,
  at timestamptz not null default darkroom.now(),
  primary key (source, message_id)
);

create table darkroom.deliveries (
  id text collate "C" primary key default darkroom.new_id('evt'),
  account_id text collate "C" not null,
  job_id text collate "C" not null,
  endpoint text collate "C",              -- a partner's endpoint; null: the job's own webhook_url
  url text not null,
  event text not null,
  version int not null,
  body jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'exhausted', 'superseded', 'gone')),
  tries int not null default 0,
  due_at timestamptz,
  created_at timestamptz not null default darkroom.now(),
  delivered_at timestamptz
);
create index on darkroom.deliveries (due_at) where status = 'pending';
create index on darkroom.deliveries (job_id);
create index on darkroom.deliveries (account_id, id desc);

create table darkroom.delivery_tries (
  delivery_id text collate "C" not null references darkroom.deliveries (id),
  number int not null,
  at timestamptz not null default darkroom.now(),
  http_status int,
  ms int,
  error text,
  request jsonb,
  response jsonb,
  primary key (delivery_id, number)
);
