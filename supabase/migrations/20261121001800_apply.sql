-- From verdicts to states and money. Three steps in this order, because slots come last in the lock order: absorb (the part), advance
-- (the stage), conclude (the job and its hold).

create function darkroom.is_terminal(p_status text) returns boolean language sql immutable as $$
  select p_status in ('completed', 'failed', 'canceled', 'expired')
$$;

-- What a failed attempt means for its part: 'now' (another key or candidate at once), 'later' (the same again after a pause), 'end'.
create function darkroom.next_step(j darkroom.jobs, p darkroom.parts, a darkroom.attempts, out step text, out candidate int, out at timestamptz, out retry boolean)
language plpgsql as $$
declare
  v_class text := a.error->>'class'; l darkroom.lanes; v_next int := darkroom.next_candidate(p); v_keys int;
  v_cooled timestamptz; v_fallback boolean := coalesce((j.routing->>'allow_fallbacks')::boolean, true);
begin
  step := 'end'; candidate := p.candidate; retry := false;
  if a.status <> 'failed' or v_class in ('input', 'moderation', 'lost') or j.expiring_until is not null
     or j.deadline_at <= darkroom.now() or p.fence >= 10 then return; end if;
  if not v_fallback then v_next := -1; end if;
  select * into l from darkroom.lanes x where x.lane = p.lane;
  if v_class in ('key', 'rate_limited') then           -- the next key of the pool first
    select count(*), min(d.until) into v_keys, v_cooled
      from darkroom.lane_keys(l) k left join darkroom.key_cooldowns d
        on d.key_id = k.id and d.provider_model = a.provider_model and d.until > darkroom.now();
    if exists (select from darkroom.lane_keys(l) k where not exists (select from darkroom.key_cooldowns d
        where d.key_id = k.id and d.provider_model = a.provider_model and d.until > darkroom.now())) then
      step := 'now'; return;
    end if;
  end if;
  if v_next >= 0 then step := 'now'; candidate := v_next; return; end if;
  if v_class = 'key' and v_keys > 0 then step := 'later'; at := v_cooled; return; end if;       -- the others are only cooling
  if v_class in ('refused', 'rate_limited') and p.retries < 3 then      -- exponential, with jitter; never after a verified `failed`
    step := 'later'; retry := true;
    at := greatest(coalesce(v_cooled, '-infinity'), darkroom.now() + make_interval(secs => power(2, p.retries) * (0.5 + random())));
  end if;
end $$;

-- What a deleted job was given. The worker's sweep destroys the assets. Called with the job locked.
create function darkroom.forget_outputs(p_job text) returns void language sql volatile as $$
  update darkroom.outputs o set url = null, thumbnail_url = null, text = null, destroy_at = case when o.public_id is not null then darkroom.now() end
   where o.job_id = p_job
$$;

-- The verdict's effect on its part. A job that has ended takes nothing more: its late results are neither charged nor handed out, those of a
-- deleted one not even kept.
create function darkroom.absorb(j darkroom.jobs, a darkroom.attempts) returns void language plpgsql as $$
declare p darkroom.parts; v record; v_delivered int;
begin
  update darkroom.attempts x set applied_at = darkroom.now(), next_check_at = null where x.id = a.id;
  if j.deleted_at is not null then perform darkroom.forget_outputs(j.id); end if;
  select * into p from darkroom.parts x where x.id = a.part_id for no key update;
  if darkroom.is_terminal(j.status) or p.fence <> a.fence or p.status <> 'running' then return; end if;
  if a.status = 'succeeded' then
    select count(*) into v_delivered from darkroom.outputs o where o.attempt_id = a.id;
    update darkroom.parts x set status = 'delivered', delivered = least(x.outputs, v_delivered) where x.id = p.id;
    return;
  end if;
  v := darkroom.next_step(j, p, a);
  if v.step = 'now' then perform darkroom.requeue(p, v.candidate, null, false);
  elsif v.step = 'later' then perform darkroom.requeue(p, v.candidate, v.at, v.retry);
  else
    update darkroom.parts x set status = case a.status when 'canceled' then 'canceled' else 'failed' end, error = a.error where x.id = p.id;
  end if;
end $$;

-- Credits for a part whose outputs cost by their own length; where it is not known, or an own key pays, by what was stated.
create function darkroom.measured_credits(p darkroom.parts, p_route jsonb) returns bigint language plpgsql stable as $$
begin
  return (select sum(coalesce(ceil((p_route->'per_second'->>'credits')::numeric * x.duration_seconds), (p_route->>'credits')::bigint)) from (
    select o.duration_seconds from darkroom.attempts a join darkroom.outputs o on o.attempt_id = a.id
     where a.part_id = p.id and a.fence = p.fence order by o.n limit p.delivered) x);
end $$;

-- Credits for what a stage delivered, each output at the price of the candidate that delivered it.
create function darkroom.delivered_credits(p_job text, p_stage text) returns bigint language sql stable as $$
  select coalesce(sum(case when r.route ? 'per_second' then darkroom.measured_credits(p, r.route) else p.delivered * (r.route->>'credits')::bigint end), 0)::bigint
    from darkroom.parts p join darkroom.jobs j on j.id = p.job_id cross join lateral (select darkroom.candidate(j.stages, p.stage, p.candidate)) r (route)
   where p.job_id = p_job and p.stage = p_stage and p.status = 'delivered'
$$;

-- The error of a job whose stage delivered nothing: the last part's, with advice that fits.
create function darkroom.job_error(p_job text) returns jsonb language sql stable as $$
  select coalesce((select (p.error - 'class') || jsonb_build_object('retryable', coalesce((p.error->>'retryable')::boolean, false))
      from darkroom.parts p where p.job_id = p_job and p.error is not null order by p.id desc limit 1),
    '{"code": "provider_failed", "message": "The provider ended the generation without a result.", "retryable": true}')
$$;

-- Once a stage has ended: previews shown, finals queued, or how the job ends (null: it goes on). Touches no slot.
create function darkroom.advance(p_job text, p_force boolean default false) returns text language plpgsql as $$
declare j darkroom.jobs; v_stage text; v_open int; v_delivered int; v_now timestamptz := darkroom.now();
begin
  select * into j from darkroom.jobs x where x.id = p_job for no key update;
  if darkroom.is_terminal(j.status) or j.status = 'preview_ready' then return null; end if;
  v_stage := case when j.status <> 'generating_final' and j.preview <> 'none' then 'preview' else 'final' end;
  if p_force then
    update darkroom.parts p set status = 'expired' where p.job_id = p_job and p.status in ('waiting', 'parked', 'running');
  end if;
  select count(*) filter (where p.status in ('waiting', 'parked', 'running')), coalesce(sum(p.delivered) filter (where p.status = 'delivered'), 0)
    into v_open, v_delivered from darkroom.parts p where p.job_id = p_job and p.stage = v_stage;
  if v_open > 0 then return null; end if;
  if v_delivered = 0 then return case when j.expiring_until is not null then 'expired' else 'failed' end; end if;
  perform darkroom.mark_processing(array[p_job]);
  if v_stage = 'final' or j.preview = 'only' then return 'completed'; end if;
  if j.preview = 'hold' then
    update darkroom.jobs x set deadline_at = null, expiring_until = null, held_until = v_now + interval '24 hours' where x.id = p_job;
  end if;
  perform darkroom.transition(p_job, 'processing', 'preview_ready');
  if j.preview = 'hold' then return null; end if;
  if j.expiring_until is not null then return 'expired'; end if;
  perform darkroom.begin_final(p_job);
  return null;
end $$;

create function darkroom.begin_final(p_job text) returns void language plpgsql as $$
declare j darkroom.jobs;
begin
  perform darkroom.transition(p_job, 'preview_ready', 'generating_final');
  select * into j from darkroom.jobs x where x.id = p_job;
  perform darkroom.enqueue_stage(j, 'final');
end $$;

-- What a preview that was delivered costs when nothing follows it. Failed jobs keep it for free.
create function darkroom.preview_charge(j darkroom.jobs, p_outcome text) returns bigint language sql stable as $$
  select case
    when not exists (select from darkroom.job_events e where e.job_id = j.id and e.to_status = 'preview_ready') then 0
    when p_outcome = 'canceled' or (p_outcome = 'expired' and j.deadline_set) then darkroom.delivered_credits(j.id, 'preview')
    else 0 end
$$;

-- Ends a job: its state, its hold, its provider calls. Takes the slot's lock, so it comes last.
create function darkroom.conclude(p_job text, p_outcome text) returns boolean language plpgsql as $$
declare j darkroom.jobs; v_charge bigint; v_paid text; v_missing int; v_warning text;
begin
  select * into j from darkroom.jobs x where x.id = p_job for no key update;
  if not found or darkroom.is_terminal(j.status) then return false; end if;
  v_paid := case when j.preview = 'only' then 'preview' else 'final' end;
  if p_outcome = 'completed' then
    v_charge := darkroom.delivered_credits(p_job, v_paid);
    select j.count - sum(p.delivered) filter (where p.status = 'delivered') into v_missing from darkroom.parts p where p.job_id = p_job and p.stage = v_paid;
    if v_missing > 0 then v_warning := format('%s of %s outputs could not be delivered and are not charged.', v_missing, j.count); end if;
  else
    v_charge := darkroom.preview_charge(j, p_outcome);
  end if;
  update darkroom.parts p set status = case p_outcome when 'canceled' then 'canceled' else 'expired' end
   where p.job_id = p_job and p.status in ('waiting', 'parked', 'running');
  update darkroom.attempts a set cancel_requested = true, next_check_at = darkroom.now()
   where a.job_id = p_job and a.status in ('starting', 'submitted', 'submission_unknown') and not a.cancel_requested;
  if not darkroom.end_hold(p_job, v_charge) then raise exception 'job % is open but its hold has ended', p_job; end if;
  return darkroom.transition(p_job, j.status, p_outcome,
    case p_outcome when 'failed' then darkroom.job_error(p_job)
      when 'expired' then '{"code": "expired", "message": "The deadline passed before a provider delivered.", "retryable": true}'::jsonb end, v_warning);
end $$;

-- The internal callback: consumes the message together with its effect. Event and fence must be the stored verdict's.
create function api.apply_callback(message_id text, attempt_id text, event text, fence bigint) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare a darkroom.attempts; j darkroom.jobs; v_outcome text; v_body jsonb := jsonb_build_object('attempt_id', attempt_id, 'event', event, 'fence', fence);
begin
  select * into a from darkroom.attempts x where x.id = attempt_id;
  if not found then return darkroom.refuse('not_found', 'There is no such attempt.'); end if;
  select * into j from darkroom.jobs x where x.id = a.job_id for no key update;
  select * into a from darkroom.attempts x where x.id = attempt_id;
  if message_id <> 'cb_' || attempt_id || '_' || event or a.status <> event or a.fence <> apply_callback.fence then
    return darkroom.refuse('conflict', 'This is not the verdict of that attempt.');
  end if;
  insert into darkroom.consumed_messages (source, message_id, body) values ('callback', apply_callback.message_id, v_body) on conflict do nothing;
  if not found then
    if (select m.body from darkroom.consumed_messages m where m.source = 'callback' and m.message_id = apply_callback.message_id) = v_body then
      return darkroom.ok('{"result": "duplicate", "lanes": []}');
    end if;
    return darkroom.refuse('conflict', 'This message was consumed with another body.');
  end if;
  perform darkroom.absorb(j, a);
  v_outcome := darkroom.advance(j.id);
  if v_outcome is not null then perform darkroom.conclude(j.id, v_outcome); end if;
  return darkroom.ok(jsonb_build_object('result', 'applied', 'lanes', darkroom.woken()));
end $$;

-- A deadline has passed. A job that never started ends at once; else nothing new starts, the providers are told to stop, and for 30
-- seconds a success still counts. Returns how the job ends now, or null.
create function darkroom.begin_expiry(p_job text) returns text language plpgsql as $$
declare v_running boolean;
begin
  update darkroom.parts p set status = 'expired' where p.job_id = p_job and p.status in ('waiting', 'parked');
  v_running := exists (select from darkroom.parts p where p.job_id = p_job and p.status = 'running');
  update darkroom.jobs x set expiring_until = case when v_running then darkroom.now() + interval '30 seconds' else darkroom.now() end where x.id = p_job;
  update darkroom.attempts a set cancel_requested = true, next_check_at = darkroom.now()
   where a.job_id = p_job and a.status in ('starting', 'submitted', 'submission_unknown');
  if v_running then return null; end if;
  return coalesce(darkroom.advance(p_job), 'expired');
end $$;

-- `callback`'s sweep: applies verdicts whose callback never came, expires, ends grace periods, gives up held previews. First everything
-- that touches lanes, then everything that touches slots, by account: two sweeps or a sweep and an accept cannot deadlock.
create function api.sweep(max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  a darkroom.attempts; j darkroom.jobs; r record; v_ends jsonb := '[]'; v_outcome text; v_applied int := 0; v_expired int := 0; v_concluded int := 0;
begin
  for a in select * from darkroom.attempts x where x.next_check_at <= darkroom.now() and x.status in ('succeeded', 'failed', 'canceled')
            and x.applied_at is null order by x.next_check_at limit max loop
    select * into j from darkroom.jobs x where x.id = a.job_id for no key update skip locked;
    continue when not found;
    insert into darkroom.consumed_messages (source, message_id, body) values ('callback', 'cb_' || a.id || '_' || a.status,
      jsonb_build_object('attempt_id', a.id, 'event', a.status, 'fence', a.fence)) on conflict do nothing;
    continue when not found;
    perform darkroom.absorb(j, a);
    v_applied := v_applied + 1;
    v_outcome := darkroom.advance(j.id);
    if v_outcome is not null then v_ends := v_ends || jsonb_build_object('account', j.account_id, 'job', j.id, 'outcome', v_outcome); end if;
  end loop;
  for j in select * from darkroom.jobs x where x.deadline_at <= darkroom.now() and x.expiring_until is null
            and x.finished_at is null order by x.deadline_at limit max for no key update skip locked loop
    v_expired := v_expired + 1;
    v_outcome := darkroom.begin_expiry(j.id);
    if v_outcome is not null then v_ends := v_ends || jsonb_build_object('account', j.account_id, 'job', j.id, 'outcome', v_outcome); end if;
  end loop;
  for j in select * from darkroom.jobs x where x.expiring_until <= darkroom.now() and x.finished_at is null
            order by x.expiring_until limit max for no key update skip locked loop
    v_outcome := coalesce(darkroom.advance(j.id, true), 'expired');
    v_ends := v_ends || jsonb_build_object('account', j.account_id, 'job', j.id, 'outcome', v_outcome);
  end loop;
  for j in select * from darkroom.jobs x where x.held_until <= darkroom.now() and x.status = 'preview_ready'
            order by x.held_until limit max for no key update skip locked loop
    v_ends := v_ends || jsonb_build_object('account', j.account_id, 'job', j.id, 'outcome', 'canceled');
  end loop;
  for r in select distinct x->>'account' as account, x->>'job' as job, x->>'outcome' as outcome from jsonb_array_elements(v_ends) x order by 1, 2 loop
    if darkroom.conclude(r.job, r.outcome) then v_concluded := v_concluded + 1; end if;
  end loop;
  return darkroom.ok(jsonb_build_object('applied', v_applied, 'expired', v_expired, 'concluded', v_concluded, 'lanes', darkroom.woken()));
end $$;

select darkroom.expose('api.apply_callback(text,text,text,bigint)', 'darkroom_system', 'callback');
select darkroom.expose('api.sweep(int)', 'darkroom_system', 'callback');
