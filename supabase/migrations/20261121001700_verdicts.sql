-- What the worker learns about attempts. Never the books: a verdict is stored here and applied by `callback`.

-- The lanes of a key in which somebody waits. Called with the key's row locked: a claim counts slots under the same lock, so either it
-- sees the freed slot or this sees who waits.
create function darkroom.wake_lanes_of(k darkroom.provider_api_keys) returns void language plpgsql as $$
declare v text;
begin
  for v in select l.lane from darkroom.lanes l
            where l.provider = k.provider_name and l.owner_kind = k.owner_kind and l.owner_id = k.owner_id
              and (k.provider_key is null or k.provider_key = l.profile)
              and exists (select from darkroom.lane_accounts x where x.lane = l.lane) order by l.lane loop
    perform darkroom.wake(v);
  end loop;
end $$;

create function api.record_submission(attempt_id text, fence bigint, submission jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare a darkroom.attempts; v_status text := case submission->>'outcome' when 'submitted' then 'submitted' else 'submission_unknown' end;
begin
  update darkroom.attempts x set status = v_status, provider_request_id = coalesce(submission->>'request_id', x.provider_request_id),
      provider_state = coalesce(submission->'state', x.provider_state),
      next_check_at = darkroom.now() + make_interval(secs => coalesce((submission->>'check_after_seconds')::numeric, 30))
   where x.id = attempt_id and x.fence = record_submission.fence and x.status in ('starting', 'submission_unknown') returning * into a;
  if not found then return darkroom.ok(jsonb_build_object('recorded', false, 'cancel_requested', coalesce(
    (select x.cancel_requested from darkroom.attempts x where x.id = attempt_id), false))); end if;
  perform darkroom.mark_processing(array[a.job_id]);
  if a.cancel_requested and v_status = 'submitted' then
    update darkroom.attempts x set cancel_sent = true where x.id = a.id;
  end if;
  return darkroom.ok(jsonb_build_object('recorded', true, 'cancel_requested', a.cancel_requested));
end $$;

-- Leases an attempt to one caller for fetching and storing its result. The request id is adopted once, by an attempt that never
-- learned its own; the caller has confirmed it with the provider.
create function api.open_verdict(attempt_id text, request_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare a darkroom.attempts;
begin
  update darkroom.attempts x set storing_until = darkroom.now() + interval '90 seconds',
      provider_request_id = coalesce(x.provider_request_id, request_id)
   where x.id = attempt_id and x.status in ('starting', 'submitted', 'submission_unknown')
     and (x.storing_until is null or x.storing_until <= darkroom.now())
     and (x.provider_request_id is null or request_id is null or x.provider_request_id = request_id) returning * into a;
  if found then return darkroom.ok(jsonb_build_object('leased', true, 'work', darkroom.work_json(a))); end if;
  select * into a from darkroom.attempts x where x.id = attempt_id;
  if not found then return darkroom.refuse('not_found'); end if;
  return darkroom.ok(jsonb_build_object('leased', false, 'work', darkroom.work_json(a)));
end $$;

-- Gives the lease back: what was fetched could not be stored.
create function api.release_verdict(attempt_id text, fence bigint, check_after_seconds numeric) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  update darkroom.attempts x set storing_until = null, next_check_at = darkroom.now() + make_interval(secs => check_after_seconds)
   where x.id = attempt_id and x.fence = release_verdict.fence and x.status in ('starting', 'submitted', 'submission_unknown');
  return darkroom.ok(jsonb_build_object('recorded', found));
end $$;

-- When to ask next. A lease is left alone: while one caller asked, another may have begun to store.
create function api.reschedule_check(attempt_id text, fence bigint, check_after_seconds numeric) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  update darkroom.attempts x set next_check_at = darkroom.now() + make_interval(secs => check_after_seconds)
   where x.id = attempt_id and x.fence = reschedule_check.fence and x.status in ('starting', 'submitted', 'submission_unknown');
  return darkroom.ok(jsonb_build_object('recorded', found));
end $$;

create function darkroom.insert_outputs(a darkroom.attempts, p_outputs jsonb) returns void language sql volatile as $$
  insert into darkroom.outputs (job_id, account_id, attempt_id, stage, part, n, kind, public_id, url, thumbnail_url, content_type, bytes, width,
      height, duration_seconds, text)
    select a.job_id, a.account_id, a.id, a.stage, (select p.number from darkroom.parts p where p.id = a.part_id), o.n, o.kind, o.public_id,
        o.url, o.thumbnail_url, o.content_type, coalesce(o.bytes, 0), o.width, o.height, o.duration_seconds, o.text
      from jsonb_to_recordset(p_outputs) as o (n int, kind text, public_id text, url text, thumbnail_url text, content_type text, bytes bigint,
        width int, height int, duration_seconds numeric, text text)
$$;

-- What the attempt cost us: what the provider reported, else its list price for what it delivered.
create function darkroom.book_cost(a darkroom.attempts, p_usd numeric, p_waste boolean) returns void language sql volatile as $$
  insert into darkroom.provider_costs (attempt_id, job_id, account_id, provider, provider_model, credential, usd, waste)
    values (a.id, a.job_id, a.account_id, a.provider, a.provider_model, a.credential, p_usd, p_waste) on conflict do nothing
$$;

-- The effect of a verdict on its key: counts, a cool-down for this route, out of service with the reason.
create function darkroom.charge_key(a darkroom.attempts, p_verdict jsonb) returns void language plpgsql as $$
declare k darkroom.provider_api_keys; v_ok boolean := a.status = 'succeeded'; v_state text := p_verdict->>'key_state';
begin
  update darkroom.provider_api_keys x set usage_count = x.usage_count + v_ok::int, failure_count = x.failure_count + (a.status = 'failed')::int,
      last_used_at = darkroom.now(),
      state = case when x.state = 'active' and v_state in ('out_of_credit', 'disabled') and x.version = a.key_version then v_state else x.state end,
      state_reason = case when v_state in ('out_of_credit', 'disabled') and x.version = a.key_version then left(p_verdict->>'key_reason', 500) else x.state_reason end
   where x.id = a.key_id returning * into k;
  if not found then return; end if;
  if v_state = 'cooling' then
    insert into darkroom.key_cooldowns (key_id, provider_model, until) values (k.id, a.provider_model,
        darkroom.now() + make_interval(secs => greatest(1, least(3600, coalesce((p_verdict->>'retry_after_seconds')::numeric, 10)))))
      on conflict (key_id, provider_model) do update set until = greatest(darkroom.key_cooldowns.until, excluded.until);
  end if;
  perform darkroom.wake_lanes_of(k);
end $$;

-- What the provider is expected to charge: per output, or for as long as each of them is. Without outputs: for one.
create function darkroom.list_price(a darkroom.attempts, p_outputs jsonb default '[{}]') returns numeric language plpgsql stable as $$
declare v_route jsonb;
begin
  select darkroom.candidate(j.stages, a.stage, a.candidate) into v_route from darkroom.jobs j where j.id = a.job_id;
  return (select coalesce(sum(coalesce((v_route->'per_second'->>'usd')::numeric * (x->>'duration_seconds')::numeric, (v_route->>'cost_usd')::numeric)), 0)
    from jsonb_array_elements(p_outputs) x);
end $$;

-- Ends an attempt, once: the first verdict under the right fence stands, every later one changes nothing.
create function api.record_verdict(attempt_id text, fence bigint, verdict jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare a darkroom.attempts;
begin
  update darkroom.attempts x set status = verdict->>'event', error = verdict->'error', finished_at = darkroom.now(), storing_until = null,
      next_check_at = darkroom.now() + interval '5 seconds'
   where x.id = attempt_id and x.fence = record_verdict.fence and x.status in ('starting', 'submitted', 'submission_unknown') returning * into a;
  if not found then
    select * into a from darkroom.attempts x where x.id = attempt_id;
    return darkroom.ok(jsonb_build_object('recorded', false, 'event', a.status, 'fence', a.fence, 'lanes', '[]'::jsonb));
  end if;
  if a.status = 'succeeded' then
    perform darkroom.insert_outputs(a, verdict->'outputs');
    perform darkroom.book_cost(a, coalesce((verdict->>'cost_usd')::numeric, darkroom.list_price(a, verdict->'outputs')), false);
  elsif (verdict->>'cost_usd')::numeric > 0 then
    perform darkroom.book_cost(a, (verdict->>'cost_usd')::numeric, true);
  end if;
  perform darkroom.charge_key(a, verdict);
  perform darkroom.mark_processing(array[a.job_id]);
  return darkroom.ok(jsonb_build_object('recorded', true, 'event', a.status, 'fence', a.fence, 'lanes', darkroom.woken()));
end $$;

-- Attempts whose time is over although nobody told us: once the job has ended and the route's longest run has passed, the slot is freed
-- and the cost booked as waste. A `starting` whose worker is gone is not sent again: nobody knows whether the provider has it.
create function darkroom.age_attempts(p_max int) returns void language plpgsql as $$
declare a darkroom.attempts;
begin
  for a in select * from darkroom.attempts x          -- keys are locked in order of id, as in a claim
            where x.id in (select d.id from darkroom.attempts d where d.next_check_at <= darkroom.now()
              and d.status in ('starting', 'submitted', 'submission_unknown') order by d.next_check_at limit p_max)
              and x.status in ('starting', 'submitted', 'submission_unknown')
            order by x.key_id, x.id for no key update skip locked loop
    if a.lost_at <= darkroom.now() and exists (select from darkroom.jobs j where j.id = a.job_id and j.finished_at is not null) then
      update darkroom.attempts x set status = 'failed', finished_at = darkroom.now(), next_check_at = darkroom.now(),
          error = '{"class": "lost", "code": "lost", "message": "The provider never answered.", "retryable": true}' where x.id = a.id returning * into a;
      perform darkroom.book_cost(a, darkroom.list_price(a), true);
      perform darkroom.charge_key(a, '{}');
    elsif a.status = 'starting' then
      update darkroom.attempts x set status = 'submission_unknown' where x.id = a.id;
    end if;
  end loop;
end $$;

-- Parked parts whose time has come, and wake-ups that no claim has looked at.
create function darkroom.due_wakes(p_max int) returns void language plpgsql as $$
declare p darkroom.parts; v text;
begin
  for p in select * from darkroom.parts x where x.status = 'parked' and x.not_before <= darkroom.now()
            order by x.lane, x.kind, x.account_id, x.id limit p_max for no key update skip locked loop
    perform darkroom.join_lane(p.lane, p.kind, p.account_id);
    update darkroom.parts x set status = 'waiting', not_before = null where x.id = p.id;
    perform darkroom.wake(p.lane);
  end loop;
  for v in with due as (select o.id, o.lane from darkroom.outbox o where o.due_at <= darkroom.now() order by o.due_at limit p_max for update skip locked),
      later as (update darkroom.outbox o set due_at = darkroom.now() + interval '10 seconds' from due where o.lane = due.lane and o.id = due.id)
      select distinct lane from due loop
    perform darkroom.say_woken(v);
  end loop;
end $$;

-- What the worker's sweep does now, leased for some seconds: attempts to poll, provider calls to cancel, verdicts whose callback never
-- arrived, lanes to wake, assets of deleted jobs to destroy.
create function api.due_attempts(max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare v_polls jsonb; v_cancels jsonb; v_ended jsonb; v_assets jsonb;
begin
  perform darkroom.age_attempts(max);
  perform darkroom.due_wakes(max);
  v_cancels := darkroom.take_cancels(null, max);
  with due as (
    select x.id from darkroom.attempts x
     where x.next_check_at <= darkroom.now() and x.status in ('submitted', 'submission_unknown')
       and (x.storing_until is null or x.storing_until <= darkroom.now())
     order by x.next_check_at limit max for no key update skip locked),
  leased as (update darkroom.attempts x set next_check_at = darkroom.now() + interval '30 seconds', checks = x.checks + 1 from due where x.id = due.id returning x.*)
  select coalesce(jsonb_agg(darkroom.work_json(s::darkroom.attempts)), '[]') into v_polls from leased s;
  with due as (
    select x.id from darkroom.attempts x
     where x.next_check_at <= darkroom.now() and x.status in ('succeeded', 'failed', 'canceled') and x.applied_at is null
     order by x.next_check_at limit max for no key update skip locked),
  leased as (update darkroom.attempts x set next_check_at = darkroom.now() + interval '10 seconds' from due where x.id = due.id returning x.*)
  select coalesce(jsonb_agg(jsonb_build_object('attempt_id', s.id, 'event', s.status, 'fence', s.fence)), '[]') into v_ended from leased s;
  with due as (select o.id from darkroom.outputs o where o.destroy_at <= darkroom.now() order by o.destroy_at limit max for no key update skip locked),
  leased as (update darkroom.outputs o set destroy_at = darkroom.now() + interval '1 minute' from due where o.id = due.id returning o.*)
  select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'public_id', l.public_id, 'kind', l.kind)), '[]') into v_assets from leased l;
  return darkroom.ok(jsonb_build_object('assets', v_assets, 'attempts', v_polls, 'cancels', v_cancels, 'ended', v_ended, 'lanes', darkroom.woken()));
end $$;

-- The stored assets of these outputs are gone.
create function api.record_destroyed(output_ids text[]) returns jsonb language plpgsql security definer set search_path = '' as $$
begin
  update darkroom.outputs o set destroy_at = null, public_id = null where o.id = any (output_ids);
  return darkroom.ok(jsonb_build_object('recorded', found));
end $$;

select darkroom.expose('api.record_destroyed(text[])', 'darkroom_system', 'worker');
select darkroom.expose('api.record_submission(text,bigint,jsonb)', 'darkroom_system', 'worker');
select darkroom.expose('api.open_verdict(text,text)', 'darkroom_system', 'worker');
select darkroom.expose('api.release_verdict(text,bigint,numeric)', 'darkroom_system', 'worker');
select darkroom.expose('api.reschedule_check(text,bigint,numeric)', 'darkroom_system', 'worker');
select darkroom.expose('api.record_verdict(text,bigint,jsonb)', 'darkroom_system', 'worker');
select darkroom.expose('api.due_attempts(int)', 'darkroom_system', 'worker');
