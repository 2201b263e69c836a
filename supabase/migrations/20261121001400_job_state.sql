-- The job as one row that moves along legal edges, and as the object that clients see.

-- One step of a job's status: version, event row and webhook in the same transaction. False: the row was no longer where it was thought to be.
create function darkroom.transition(p_job text, p_from text, p_to text, p_error jsonb default null, p_warning text default null,
  p_data jsonb default '{}') returns boolean
language plpgsql set search_path = '' as $$
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
create function darkroom.notify_partner(j darkroom.jobs) returns void language plpgsql set search_path = '' as $$
declare v_event text := 'job.' || j.status;
begin
  if j.webhook_url is null or not (v_event = any (coalesce(j.webhook_events, array[v_event]))) then return; end if;
  update darkroom.deliveries d set status = 'superseded', due_at = null where d.job_id = j.id and d.endpoint is null and d.status = 'pending';
  insert into darkroom.deliveries (account_id, job_id, url, event, version, body, due_at)
    values (j.account_id, j.id, j.webhook_url, v_event, j.version, jsonb_build_object('type', v_event,
      'timestamp', darkroom.iso(darkroom.now()), 'data', darkroom.job_json(j)), darkroom.now());
end $$;

create function darkroom.iso(p_at timestamptz) returns text language sql immutable set search_path = '' as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

create function darkroom.attempts_json(p_job text) returns jsonb language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', a.id, 'fence', a.fence, 'number', a.number, 'stage', a.stage,
      'part', p.number, 'provider', a.provider, 'provider_model', a.provider_model, 'provider_key', a.profile, 'credential', a.credential,
      'status', a.status, 'error', a.error - 'class', 'started_at', darkroom.iso(a.started_at)))
      || jsonb_build_object('finished_at', darkroom.iso(a.finished_at)) order by a.number), '[]')
    from (select x.*, row_number() over (order by x.id) as number from darkroom.attempts x where x.job_id = p_job) a
    join darkroom.parts p on p.id = a.part_id
$$;

-- Preview outputs from `preview_ready` on; final ones only when the job is completed, and none of a part that was not paid for.
create function darkroom.outputs_json(j darkroom.jobs) returns jsonb language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', o.id, 'stage', o.stage, 'kind', o.kind, 'url', o.url,
      'thumbnail_url', o.thumbnail_url, 'content_type', o.content_type, 'bytes', o.bytes, 'width', o.width, 'height', o.height,
      'duration_seconds', o.duration_seconds, 'text', o.text)) order by o.stage desc, o.part, o.n), '[]')
    from darkroom.outputs o join darkroom.attempts a on a.id = o.attempt_id join darkroom.parts p on p.id = a.part_id
   where o.job_id = j.id and j.deleted_at is null and p.status = 'delivered' and p.fence = a.fence
     and (o.stage = 'final' and j.status = 'completed'
       or o.stage = 'preview' and (j.status in ('preview_ready', 'generating_final', 'completed')
         or exists (select from darkroom.job_events e where e.job_id = j.id and e.to_status = 'preview_ready')))
$$;

-- How many parts stand before the job's first one in its lane; counted to a thousand.
create function darkroom.queue_position(j darkroom.jobs) returns int language sql stable set search_path = '' as $$
  select (select count(*) from (select 1 from darkroom.parts q
      where q.lane = p.lane and q.kind = p.kind and q.status = 'waiting' and (q.enqueued_at, q.id) < (p.enqueued_at, p.id) limit 1000) ahead)::int
    from darkroom.parts p where p.job_id = j.id and p.status = 'waiting' and j.status = 'queued' order by p.id limit 1
$$;

create function darkroom.job_json(j darkroom.jobs) returns jsonb language sql stable set search_path = '' as $$
  select jsonb_build_object('id', j.id, 'object', 'job', 'version', j.version, 'status', j.status, 'model', j.model,
      'requested_model', j.requested_model, 'operation', j.operation, 'priority', (array['low', 'normal', 'high'])[j.priority + 1],
      'account_id', j.account_id, 'project_id', j.project_id, 'end_user', j.end_user, 'input', j.input, 'count', j.count,
      'preview', case j.preview when 'none' then 'false'::jsonb when 'auto' then 'true' else to_jsonb(j.preview) end,
      'created_at', darkroom.iso(j.created_at), 'started_at', darkroom.iso(j.started_at), 'finished_at', darkroom.iso(j.finished_at),
      'deadline_at', darkroom.iso(j.deadline_at), 'queue_position', darkroom.queue_position(j))
    || jsonb_build_object(
      'progress', case when j.status in ('completed') then 1 when j.finished_at is not null then null
        else (select round(count(*) filter (where p.status = 'delivered')::numeric / greatest(count(*), 1), 2)
                from darkroom.parts p where p.job_id = j.id) end,
      'eta_seconds', case when j.finished_at is null then j.eta_seconds end,
      'credits', jsonb_build_object('held', case h.status when 'held' then h.credits else 0 end,
        'charged', coalesce(e.charged - f.credits, 0), 'refunded', coalesce(e.released + f.credits, 0)),
      'usage', (select case when count(*) > 0 then jsonb_build_object('units', coalesce(u.units, 0), 'provider_cost_usd', sum(x.usd),
          'byok', bool_or(x.credential <> 'environment'), 'price_version', j.price_version) end
          from darkroom.provider_costs x where x.job_id = j.id and j.finished_at is not null),
      'outputs', darkroom.outputs_json(j), 'attempts', darkroom.attempts_json(j.id),
      'routing', jsonb_build_object('considered', j.considered), 'error', j.error, 'cached', false, 'warnings', j.warnings,
      'metadata', j.metadata, 'batch_id', j.batch_id, 'events_token', j.events_token)
    from darkroom.holds h
    left join darkroom.hold_ends e on e.hold_id = h.id
    cross join lateral (select coalesce(sum(r.credits), 0)::bigint credits from darkroom.refunds r where r.job_id = j.id) f
    cross join lateral (select sum(p.delivered)::int units from darkroom.parts p where p.job_id = j.id and p.status = 'delivered') u
   where h.id = j.id
$$;
