-- The job as one row that moves along legal edges, and as the object that clients see.

-- One step of a job's status: version, event row and webhook in the same transaction. False: the row was no longer where it was thought to be.
create function darkroom.transition(p_job text, p_from text, p_to text, p_error jsonb default null, p_warning text default null,
  p_data jsonb default '{}') returns boolean
language plpgsql as $$
declare j darkroom.jobs; v_now timestamptz := darkroom.now();
  v_terminal boolean := p_to in ('completed', 'failed', 'canceled', 'expired');
begin
  update darkroom.jobs x set status = p_to, version = x.version + 1, error = coalesce(p_error, x.error),
      warnings = case when p_warning is null then x.warnings else x.warnings || to_jsonb(p_warning) end,
      started_at = case when p_to = 'processing' then coalesce(x.started_at, v_now) else x.started_at end,
      finished_at = case when v_terminal then v_now end,
      expiring_until = case when v_terminal then null else x.expiring_until end,
      held_until = case when p_to = 'preview_ready' then x.held_until end
   where x.id = p_job and x.status = p_from returning * into j;
  if not found then return false; end if;
  insert into darkroom.job_events (job_id, version, account_id, type, from_status, to_status, data)
    values (p_job, j.version, j.account_id, 'status', p_from, p_to, p_data);
  if p_to in ('preview_ready', 'completed', 'failed', 'canceled', 'expired') then perform darkroom.notify_partner(j); end if;
  return true;
end $$;

-- Writes the delivery of a job's event. A newer event supersedes the older ones that nobody has received.
create function darkroom.notify_partner(j darkroom.jobs) returns void language plpgsql as $$
declare v_event text := 'job.' || j.status;
begin
  if j.webhook_url is null or not coalesce(j.webhook_events ? v_event, true) then return; end if;
  update darkroom.deliveries d set status = 'superseded', due_at = null where d.job_id = j.id and d.endpoint is null and d.status = 'pending';
  insert into darkroom.deliveries (account_id, job_id, url, event, version, body, due_at)
    values (j.account_id, j.id, j.webhook_url, v_event, j.version, jsonb_build_object('type', v_event,
      'timestamp', darkroom.iso(darkroom.now()), 'data', darkroom.job_json(j)), darkroom.now());
end $$;

create function darkroom.iso(p_at timestamptz) returns text language sql stable as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

create function darkroom.attempts_json(p_job text) returns jsonb language plpgsql stable as $$
begin
  return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', a.id, 'fence', a.fence, 'number', a.number, 'stage', a.stage,
        'part', p.number, 'provider', a.provider, 'provider_model', a.provider_model, 'provider_key', a.profile, 'credential', a.credential,
        'status', a.status, 'error', a.error - '{class,suggestions}'::text[], 'started_at', darkroom.iso(a.started_at)))
        || jsonb_build_object('finished_at', darkroom.iso(a.finished_at)) order by a.number), '[]')
      from (select x.*, row_number() over (order by x.id) as number from darkroom.attempts x where x.job_id = p_job) a
      join darkroom.parts p on p.id = a.part_id);
end $$;

-- Preview outputs from `preview_ready` on; final ones only when the job is completed, and none of a part that was not paid for.
create function darkroom.outputs_json(j darkroom.jobs) returns jsonb language plpgsql stable as $$
begin
  if j.deleted_at is not null then return '[]'; end if;
  return (select coalesce(jsonb_agg(jsonb_build_object('url', o.url) || jsonb_strip_nulls(jsonb_build_object('id', o.id, 'stage', o.stage, 'kind', o.kind,
        'thumbnail_url', o.thumbnail_url, 'content_type', o.content_type, 'bytes', o.bytes, 'width', o.width, 'height', o.height,
        'duration_seconds', o.duration_seconds, 'text', o.text)) order by o.stage desc, o.part, o.n), '[]')
      from darkroom.outputs o join darkroom.attempts a on a.id = o.attempt_id join darkroom.parts p on p.id = a.part_id
     where o.job_id = j.id and p.status = 'delivered' and p.fence = a.fence
       and (o.stage = 'final' and j.status = 'completed'
         or o.stage = 'preview' and (j.status in ('preview_ready', 'generating_final', 'completed')
           or exists (select from darkroom.job_events e where e.job_id = j.id and e.to_status = 'preview_ready'))));
end $$;

-- How many parts are handed out before the job's first one, as far as the queue takes turns: those of its own account by priority and age, of
-- each other account as many as that, and one more if its turn comes first; for a preview all finals. Counted to a thousand.
create function darkroom.queue_position(j darkroom.jobs) returns int
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare p darkroom.parts; v_turn timestamptz; v_own int; v_others int; v_finals int := 0;
begin
  if j.status <> 'queued' then return null; end if;
  select * into p from darkroom.parts x where x.job_id = j.id and x.status = 'waiting' order by x.id limit 1;
  if not found then return null; end if;
  select count(*) into v_own from (
    select from darkroom.parts q where q.lane = p.lane and q.kind = p.kind and q.account_id = p.account_id and q.status = 'waiting' and q.priority > p.priority
    union all
    select from darkroom.parts q where q.lane = p.lane and q.kind = p.kind and q.account_id = p.account_id and q.status = 'waiting' and q.priority = p.priority
        and (q.enqueued_at, q.id) < (p.enqueued_at, p.id)
     limit 1000) x;
  select l.turn_at into v_turn from darkroom.lane_accounts l where l.lane = p.lane and l.kind = p.kind and l.account_id = p.account_id;
  select count(*) into v_others from (
    select from (select * from darkroom.lane_accounts l where l.lane = p.lane and l.kind = p.kind and l.account_id <> p.account_id order by l.turn_at limit 1000) l
     cross join lateral (select from darkroom.parts q where q.lane = p.lane and q.kind = p.kind and q.account_id = l.account_id and q.status = 'waiting'
       limit v_own + (l.turn_at < v_turn)::int) w
     limit 1000) x;
  if p.kind = 0 then
    select count(*) into v_finals from (select from darkroom.parts q where q.lane = p.lane and q.kind = 1 and q.status = 'waiting' limit 1000) x;
  end if;
  return least(1000, v_own + v_others + v_finals);
end $$;
select darkroom.own('darkroom.queue_position(darkroom.jobs)', 'darkroom_system');

create function darkroom.usage_json(j darkroom.jobs) returns jsonb language plpgsql stable as $$
begin
  if j.finished_at is null then return null; end if;
  return (select case when count(*) > 0 then jsonb_build_object('units',
      (select coalesce(sum(p.delivered), 0) from darkroom.parts p where p.job_id = j.id and p.status = 'delivered'),
      'provider_cost_usd', sum(x.usd), 'byok', bool_or(x.credential <> 'environment'), 'price_version', j.price_version) end
    from darkroom.provider_costs x where x.job_id = j.id);
end $$;

-- What became of each route. Where nothing was resolved (no candidate names its payer) all of them wait for the platform's key.
create function darkroom.all_considered(j darkroom.jobs) returns jsonb language plpgsql stable as $$
declare v_candidates jsonb := coalesce(j.stages->'final', j.stages->'preview')->'candidates';
begin
  if v_candidates->0 ? 'lane' then return j.considered; end if;
  return (select j.considered || jsonb_agg(jsonb_build_object('provider', x->'provider', 'provider_model', x->'provider_model',
      'outcome', 'candidate', 'reason', 'key of: environment') order by n) from jsonb_array_elements(v_candidates) with ordinality y (x, n));
end $$;

-- The job as clients see it. A row becomes JSON for less than pairs of names and values do, and every answer with a job in it pays that.
create type darkroom.job_credits as (held bigint, charged bigint, refunded bigint);
create type darkroom.job_routing as (considered jsonb);
create type darkroom.job_shown as (
  id text, object text, version int, status text,
  model text, requested_model text, operation text, priority text,
  account_id text, project_id text, end_user text,
  input jsonb, count int, preview jsonb,
  created_at text, started_at text, finished_at text, deadline_at text,
  eta_seconds numeric, routing darkroom.job_routing, error jsonb, cached boolean, warnings jsonb,
  metadata jsonb, batch_id text, events_token text, credits darkroom.job_credits,
  queue_position int, progress numeric, usage jsonb, outputs jsonb, attempts jsonb
);

-- What a job's own row says, and what stands elsewhere, line by line as above. Text at once, and inlined where it is called.
create function darkroom.job_object(j darkroom.jobs, p_held bigint, p_charged bigint, p_refunded bigint, p_queue_position int, p_progress numeric,
  p_usage jsonb, p_outputs jsonb, p_attempts jsonb) returns json language sql stable as $$
  select row_to_json((
    j.id, 'job', j.version, j.status,
    j.model, j.requested_model, j.operation, (array['low', 'normal', 'high'])[j.priority + 1],
    j.account_id, j.project_id, j.end_user,
    j.input, j.count, case j.preview when 'none' then 'false'::jsonb when 'auto' then 'true' else to_jsonb(j.preview) end,
    darkroom.iso(j.created_at), darkroom.iso(j.started_at), darkroom.iso(j.finished_at), darkroom.iso(j.deadline_at),
    case when j.finished_at is null then j.eta_seconds end, row(darkroom.all_considered(j)), j.error, false, j.warnings,
    j.metadata, j.batch_id, j.events_token, row(p_held, p_charged, p_refunded),
    p_queue_position, p_progress, p_usage, p_outputs, p_attempts)::darkroom.job_shown)
$$;

create function darkroom.job_json(j darkroom.jobs) returns jsonb language plpgsql stable as $$
declare h darkroom.holds; e darkroom.hold_ends; v_refunds bigint := 0; v_progress numeric;
begin
  select * into h from darkroom.holds x where x.id = j.id;
  if h.status <> 'held' then
    select * into e from darkroom.hold_ends x where x.hold_id = j.id;
    select coalesce(sum(r.credits), 0) into v_refunds from darkroom.refunds r where r.job_id = j.id;
  end if;
  if j.finished_at is null then
    select round(count(*) filter (where p.status = 'delivered')::numeric / greatest(count(*), 1), 2) into v_progress
      from darkroom.parts p where p.job_id = j.id;
  end if;
  return darkroom.job_object(j, case h.status when 'held' then h.credits else 0 end, coalesce(e.charged - v_refunds, 0),
    coalesce(e.released + v_refunds, 0), darkroom.queue_position(j), case j.status when 'completed' then 1 else v_progress end,
    darkroom.usage_json(j), darkroom.outputs_json(j), darkroom.attempts_json(j.id))::jsonb;
end $$;
