-- The work: jobs, their stages, the parts a stage is cut into, and the attempts at a part.
create table darkroom.state_edges (
  machine text not null,
  from_state text not null,
  to_state text not null,
  primary key (machine, from_state, to_state)
);
insert into darkroom.state_edges values
  ('job', 'queued', 'processing'), ('job', 'queued', 'failed'), ('job', 'queued', 'canceled'), ('job', 'queued', 'expired'),
  ('job', 'processing', 'preview_ready'), ('job', 'processing', 'completed'), ('job', 'processing', 'failed'),
  ('job', 'processing', 'canceled'), ('job', 'processing', 'expired'),
  ('job', 'preview_ready', 'generating_final'), ('job', 'preview_ready', 'canceled'), ('job', 'preview_ready', 'expired'),
  ('job', 'generating_final', 'completed'), ('job', 'generating_final', 'failed'), ('job', 'generating_final', 'canceled'),
  ('job', 'generating_final', 'expired'),
  ('attempt', 'starting', 'submitted'), ('attempt', 'starting', 'submission_unknown'), ('attempt', 'starting', 'succeeded'),
  ('attempt', 'starting', 'failed'), ('attempt', 'starting', 'canceled'),
  ('attempt', 'submission_unknown', 'submitted'), ('attempt', 'submission_unknown', 'succeeded'),
  ('attempt', 'submission_unknown', 'failed'), ('attempt', 'submission_unknown', 'canceled'),
  ('attempt', 'submitted', 'succeeded'), ('attempt', 'submitted', 'failed'), ('attempt', 'submitted', 'canceled');

-- Refuses a change of `status` that the table of edges does not list. The machine's name is the trigger's argument.
create function darkroom.legal_edge() returns trigger language plpgsql set search_path = '' as $$
begin
  if not exists (select from darkroom.state_edges e
                  where e.machine = tg_argv[0] and e.from_state = old.status and e.to_state = new.status) then
    raise exception 'illegal % edge % -> %', tg_argv[0], old.status, new.status using errcode = '55000';
  end if;
  return new;
end $$;

-- As in the books: what a value may be is said by domains, because a session keeps their checks ready.
create domain darkroom.job_status as text check (value in
  ('queued', 'processing', 'preview_ready', 'generating_final', 'completed', 'failed', 'canceled', 'expired'));
create domain darkroom.part_status as text check (value in ('waiting', 'running', 'parked', 'delivered', 'failed', 'canceled', 'expired'));
create domain darkroom.attempt_status as text check (value in ('starting', 'submitted', 'submission_unknown', 'succeeded', 'failed', 'canceled'));
create domain darkroom.stage_name as text check (value in ('preview', 'final'));
create domain darkroom.preview_mode as text check (value in ('none', 'auto', 'hold', 'only'));
create domain darkroom.credential_origin as text check (value in ('request', 'project', 'organization', 'user', 'environment'));
create domain darkroom.priority as smallint check (value between 0 and 2);
create domain darkroom.output_count as int check (value between 1 and 10);
create domain darkroom.deadline as int check (value between 5 and 86400);      -- seconds

-- A job's stages by name: {candidates: [routes in the order of their turns, priced], outputs_per_part}.
create domain darkroom.stages as jsonb check ((value <> '{}'
  and (not value ? 'preview' or value @? 'strict $.preview ? (@.candidates.size() > 0 && @.outputs_per_part >= 1 && @.outputs_per_part % 1 == 0)')
  and (not value ? 'final' or value @? 'strict $.final ? (@.candidates.size() > 0 && @.outputs_per_part >= 1 && @.outputs_per_part % 1 == 0)')) is true);

create table darkroom.batches (
  id text collate "C" primary key default darkroom.new_id('bat'),
  account_id text collate "C" not null,
  created_at timestamptz not null default darkroom.now()
);

create table darkroom.jobs (
  id text collate "C" primary key,
  account_id text collate "C" not null,
  user_id uuid,
  api_key_id text collate "C",
  project_id text collate "C",
  batch_id text collate "C" references darkroom.batches (id),
  end_user text,
  model text not null,
  requested_model text not null,
  operation text not null,
  status darkroom.job_status not null default 'queued',
  version int not null default 1,
  priority darkroom.priority not null default 1,
  input jsonb not null,
  count darkroom.output_count not null,
  preview darkroom.preview_mode not null default 'none',
  stages darkroom.stages not null,
  routing jsonb not null default '{}',
  considered jsonb not null default '[]',
  metadata jsonb not null default '{}',
  webhook_url text,
  webhook_events jsonb,                   -- names; null: all of them
  warnings jsonb not null default '[]',
  error jsonb,
  price_version text,
  eta_seconds numeric,
  events_token text not null,
  deadline_seconds darkroom.deadline not null,
  deadline_set boolean not null default false,
  deadline_at timestamptz,
  expiring_until timestamptz,             -- the deadline has passed: until then a success still counts
  held_until timestamptz,                 -- a held preview waits for approval until then
  created_at timestamptz not null default darkroom.now(),
  started_at timestamptz,
  finished_at timestamptz,
  deleted_at timestamptz
) with (fillfactor = 80);
create index on darkroom.jobs (account_id, id desc);
create index on darkroom.jobs (deadline_at) where finished_at is null and expiring_until is null;
create index on darkroom.jobs (expiring_until) where expiring_until is not null;
create index on darkroom.jobs (held_until) where held_until is not null;
create trigger legal_edge before update of status on darkroom.jobs for each row
  when (old.status is distinct from new.status) execute function darkroom.legal_edge('job');

-- One lane: a provider profile and who owns the key. What waits, waits here; the row is the claim's gate.
create table darkroom.lanes (
  lane text collate "C" primary key,
  provider text not null,
  profile text not null,
  owner_kind text not null,
  owner_id text collate "C" not null
);

create table darkroom.parts (
  id bigint generated always as identity primary key,
  job_id text collate "C" not null references darkroom.jobs (id),
  account_id text collate "C" not null,
  stage text not null,
  number int not null,
  outputs darkroom.output_count not null,
  kind smallint not null,                 -- 1 final, 0 preview: finals go first
  priority smallint not null,
  candidate int not null default 0,       -- index into the stage's candidates
  lane text collate "C" not null,
  status darkroom.part_status not null default 'waiting',
  fence bigint not null default 0,
  retries int not null default 0,
  not_before timestamptz,
  delivered int not null default 0,
  error jsonb,
  enqueued_at timestamptz not null default darkroom.clock(),
  unique (job_id, stage, number)
) with (fillfactor = 70);
create index parts_waiting on darkroom.parts (lane, kind, account_id, priority desc, enqueued_at, id) where status = 'waiting';
create index parts_running on darkroom.parts (lane, account_id) where status = 'running';
create index parts_parked on darkroom.parts (not_before) where status = 'parked';

-- Who has something waiting in a lane, and whose turn it is. No counter and no flag: both lose wake-ups under races.
create table darkroom.lane_accounts (
  lane text collate "C" not null,
  kind smallint not null,
  account_id text collate "C" not null,
  turn_at timestamptz not null default darkroom.clock(),
  primary key (account_id, lane, kind)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index on darkroom.lane_accounts (lane, kind, turn_at);

create table darkroom.attempts (
  id text collate "C" primary key,
  part_id bigint not null references darkroom.parts (id),
  job_id text collate "C" not null,
  account_id text collate "C" not null,
  fence bigint not null,
  stage text not null,
  candidate int not null,
  lane text collate "C" not null,
  provider text not null,
  provider_model text not null,
  profile text not null,
  credential darkroom.credential_origin not null,
  key_id text collate "C",                -- null: no key was left, the attempt failed without a call
  key_version int,
  status darkroom.attempt_status not null,
  provider_request_id text,
  provider_state jsonb,
  error jsonb,
  cancel_requested boolean not null default false,
  cancel_sent boolean not null default false,
  storing_until timestamptz,
  next_check_at timestamptz,
  checks int not null default 0,
  lost_at timestamptz not null,           -- the route's longest run ends it, once its job has ended
  applied_at timestamptz,
  started_at timestamptz not null default darkroom.now(),
  finished_at timestamptz,
  unique (part_id, fence)
) with (fillfactor = 70);
create index on darkroom.attempts (job_id);
-- A provider's id names one attempt. Custom endpoints (their lanes are marked `@`) count as they like.
create unique index on darkroom.attempts (provider, provider_request_id) where provider_request_id is not null and strpos(lane, '@') = 0;
create index attempts_running on darkroom.attempts (key_id) where status in ('starting', 'submitted', 'submission_unknown');
create index attempts_due on darkroom.attempts (next_check_at) where next_check_at is not null;
create index attempts_cancel on darkroom.attempts (lane) where cancel_requested and not cancel_sent
  and status in ('starting', 'submitted', 'submission_unknown');
create index on darkroom.attempts (provider, started_at desc);
create trigger legal_edge before update of status on darkroom.attempts for each row
  when (old.status is distinct from new.status) execute function darkroom.legal_edge('attempt');

create table darkroom.outputs (
  id text collate "C" primary key default darkroom.new_id('out'),
  job_id text collate "C" not null,
  account_id text collate "C" not null,
  attempt_id text collate "C" not null references darkroom.attempts (id),
  stage text not null,
  part int not null,
  n int not null,
  kind text not null check (kind in ('image', 'video', 'audio', 'text', 'model_3d', 'vector')),
  public_id text,
  url text,
  thumbnail_url text,
  content_type text not null,
  bytes bigint not null default 0,
  width int,
  height int,
  duration_seconds numeric,
  text text,
  destroy_at timestamptz,                 -- its job was deleted: the stored asset goes then
  at timestamptz not null default darkroom.now(),
  unique (attempt_id, n)
);
create index on darkroom.outputs (job_id);
create index on darkroom.outputs (destroy_at) where destroy_at is not null;

-- Every change of a job, in order. That it was accepted, its version 1, is what its own row says.
create table darkroom.job_events (
  job_id text collate "C" not null,
  version int not null,
  account_id text collate "C" not null,
  type text not null,
  from_status text,
  to_status text not null,
  data jsonb not null default '{}',
  at timestamptz not null default darkroom.now(),
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1,
  primary key (job_id, version)
);
create trigger append_only before update or delete or truncate on darkroom.job_events for each statement execute function darkroom.append_only();

-- What the stream of events and the timeline show.
create view darkroom.job_history with (security_invoker = true) as
  select j.id as job_id, 1 as version, j.account_id, 'status' as type, null as from_status, 'queued' as to_status, '{}'::jsonb as data, j.created_at as at
    from darkroom.jobs j
  union all
  select e.job_id, e.version, e.account_id, e.type, e.from_status, e.to_status, e.data, e.at from darkroom.job_events e;

create table darkroom.provider_costs (
  attempt_id text collate "C" primary key,
  job_id text collate "C" not null,
  account_id text collate "C" not null,
  provider text not null,
  provider_model text not null,
  credential text not null,
  usd numeric not null check (usd >= 0 and usd < 'Infinity'),
  waste boolean not null,
  at timestamptz not null default darkroom.now(),
  xid xid8 not null default pg_current_xact_id(),
  epoch int not null default 1
);
create index on darkroom.provider_costs (job_id);
create trigger append_only before update or delete or truncate on darkroom.provider_costs for each statement execute function darkroom.append_only();
