-- Handing out work. The lane's row is the gate; keys are locked in order of id; parts with `skip locked`; the attempt is written
-- `starting` before anybody calls a provider, so a part is never handed out twice blindly.

-- Everything a Worker needs to run, poll or cancel an attempt.
create function darkroom.work_json(a darkroom.attempts) returns jsonb language sql stable as $$
  select jsonb_build_object('attempt_id', a.id, 'fence', a.fence, 'job_id', j.id, 'account_id', j.account_id, 'model', j.model,
      'operation', j.operation, 'stage', a.stage, 'part', p.number, 'outputs', p.outputs, 'input', j.input, 'provider', a.provider,
      'provider_model', a.provider_model, 'key_id', a.key_id, 'key_version', a.key_version, 'request_id', a.provider_request_id,
      'provider_state', a.provider_state, 'status', a.status, 'candidate', r.route, 'longest_seconds',
      (r.route->>'longest_seconds')::numeric, 'cancel_requested', a.cancel_requested, 'checks', a.checks,
      'eta_seconds', j.eta_seconds, 'created_at', darkroom.iso(j.created_at), 'started_at', darkroom.iso(a.started_at))
    from darkroom.jobs j join darkroom.parts p on p.id = a.part_id cross join lateral (select darkroom.candidate(j.stages, a.stage, a.candidate)) r (route)
   where j.id = a.job_id
$$;

-- The next parts of a lane, fairly: finals before previews; across accounts fewest running, then least recently served; within an
-- account by priority, then age. Water-filling over accounts. Plans are pinned: frozen while tables are small they walk everything later.
create function darkroom.next_parts(p_lane text, p_kind smallint, p_max int, out ids bigint[], out accounts text[])
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
  set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
  with fresh as (
    select l.account_id, 0 as running, l.turn_at from darkroom.lane_accounts l
     where l.lane = p_lane and l.kind = p_kind
       and not exists (select from darkroom.parts r where r.lane = p_lane and r.account_id = l.account_id and r.status = 'running')
     order by l.turn_at limit p_max),
  busy as (
    select r.account_id, r.running, l.turn_at
      from (select t.account_id, count(*)::int as running from darkroom.parts t where t.lane = p_lane and t.status = 'running' group by 1) r
      join darkroom.lane_accounts l on l.lane = p_lane and l.kind = p_kind and l.account_id = r.account_id
     where (select count(*) from fresh) < p_max order by r.running, l.turn_at limit p_max),
  turns as (select * from fresh union all select * from busy order by 2, 3 limit p_max)
  select array_agg(y.id), array_agg(distinct y.account_id) into ids, accounts from (
    select t.account_id, q.id from turns t left join lateral (
      select w.id, row_number() over () as n from (
        select p.id from darkroom.parts p
         where p.lane = p_lane and p.kind = p_kind and p.account_id = t.account_id and p.status = 'waiting'
         order by p.priority desc, p.enqueued_at, p.id limit p_max) w) q on true
    order by t.running + coalesce(q.n, 0), t.turn_at limit p_max) y;
end $$;

-- After a round: whoever still waits goes to the end of the turn; whoever does not leaves the lane.
create function darkroom.turn_over(p_lane text, p_kind smallint, p_accounts text[]) returns void
language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
declare v text;
begin
  foreach v in array p_accounts loop
    if not darkroom.leave_lane(p_lane, p_kind, v) then
      update darkroom.lane_accounts l set turn_at = darkroom.clock() where l.lane = p_lane and l.kind = p_kind and l.account_id = v;
    end if;
  end loop;
end $$;

-- A key with room for this route: highest priority, then fewest picks; in a pool that goes round, whichever was picked longest ago. Exact,
-- because the claim has locked all keys of its lane. A key's room is counted over its non-terminal attempts.
create function darkroom.pick_key(p_keys text[], p_route text) returns darkroom.provider_api_keys
language plpgsql volatile as $$
declare k darkroom.provider_api_keys; v_round boolean;
begin
  v_round := exists (select from darkroom.key_pools p join darkroom.provider_api_keys x
      on x.owner_kind = p.owner_kind and x.owner_id = p.owner_id and p.profile = coalesce(x.provider_key, x.provider_name)
    where x.id = any (p_keys) and p.strategy = 'round_robin');
  select x.* into k from darkroom.provider_api_keys x
   where x.id = any (p_keys)
     and not exists (select from darkroom.key_cooldowns d where d.key_id = x.id and d.provider_model = p_route and d.until > darkroom.now())
     and x.max_concurrency > (select count(*) from darkroom.attempts a where a.key_id = x.id and a.status in ('starting', 'submitted', 'submission_unknown'))
   order by case when v_round then x.turn end, case when v_round then 0 else x.priority end desc, x.picks, x.id limit 1;
  return k;
end $$;

create function darkroom.start_attempt(p darkroom.parts, l darkroom.lanes, k darkroom.provider_api_keys, p_candidate jsonb, p_error jsonb)
returns darkroom.attempts language plpgsql as $$
declare a darkroom.attempts; v_now timestamptz := darkroom.now();
begin
  insert into darkroom.attempts (id, part_id, job_id, account_id, fence, stage, candidate, lane, provider, provider_model, profile,
      credential, key_id, key_version, status, error, next_check_at, lost_at, started_at, finished_at)
    values (darkroom.new_id('att'), p.id, p.job_id, p.account_id, p.fence + 1, p.stage, p.candidate, p.lane, l.provider,
      p_candidate->>'provider_model', l.profile, p_candidate->>'credential', k.id, k.version,
      case when p_error is null then 'starting' else 'failed' end, p_error,
      v_now + case when p_error is null then interval '60 seconds' else interval '5 seconds' end,
      v_now + make_interval(secs => (p_candidate->>'longest_seconds')::numeric), v_now, case when p_error is not null then v_now end)
    returning * into a;
  update darkroom.parts x set status = 'running', fence = x.fence + 1, not_before = null where x.id = p.id;
  if k.id is not null then
    update darkroom.provider_api_keys x set picks = x.picks + 1, turn = nextval('darkroom.pick_turn') where x.id = k.id;
  end if;
  return a;
end $$;

-- Another candidate of the part with a key in service whose lane is not this one; -1: none.
create function darkroom.next_candidate(p darkroom.parts) returns int language sql stable as $$
  select coalesce((
    select (x.ordinality - 1)::int
      from darkroom.jobs j, jsonb_array_elements(j.stages->p.stage->'candidates') with ordinality x, darkroom.with_payer(x.value) y
     where j.id = p.job_id and x.ordinality - 1 > p.candidate
       and exists (select from darkroom.provider_api_keys k
             where k.provider_name = y->>'provider' and k.owner_kind = y->>'owner_kind' and k.owner_id = y->>'owner_id'
               and k.deleted_at is null and k.is_active and k.state = 'active' and (k.provider_key is null or k.provider_key = y->>'profile')
               and k.endpoint is not distinct from darkroom.address(y->>'endpoint_url'))
     order by x.ordinality limit 1), -1)
$$;

-- Why a lane has no key in service any more, as an error that the job shows.
create function darkroom.no_key_error(l darkroom.lanes) returns jsonb language sql stable as $$
  select coalesce((select jsonb_build_object('class', 'key', 'retryable', true,
      'code', case k.state when 'out_of_credit' then 'provider_out_of_credit' when 'disabled' then 'provider_key_invalid' else 'provider_key_missing' end,
      'message', coalesce(k.state_reason, 'The key for ' || l.profile || ' is not in service.'))
    from darkroom.provider_api_keys k
    where k.provider_name = l.provider and k.owner_kind = l.owner_kind and k.owner_id = l.owner_id and k.deleted_at is null
      and (k.provider_key is null or k.provider_key = l.profile) and split_part(l.lane, '#', 2) in ('', k.id)
    order by k.state = 'active', k.id limit 1),
    jsonb_build_object('class', 'key', 'retryable', true, 'code', 'provider_key_missing', 'message', 'There is no key for ' || l.profile || ' any more.'))
$$;

-- One part of a claim: started, or moved to its next candidate, or parked until a cool-down ends, or failed because no key is left. `is_full`: it
-- stays where it is, because keys that could run it are at their limit; a freed slot wakes the lane, or another key whose cool-down ends `cool_at`.
create function darkroom.hand_out(p_part bigint, l darkroom.lanes, p_keys text[], out attempt darkroom.attempts, out is_full boolean,
  out cool_at timestamptz) language plpgsql as $$
declare p darkroom.parts; k darkroom.provider_api_keys; v_candidate jsonb; v_next int;
begin
  is_full := false;
  select * into p from darkroom.parts x where x.id = p_part and x.status = 'waiting' and x.lane = l.lane for no key update skip locked;
  if not found then return; end if;
  select darkroom.candidate(j.stages, p.stage, p.candidate) into v_candidate from darkroom.jobs j where j.id = p.job_id;
  k := darkroom.pick_key(p_keys, v_candidate->>'provider_model');
  if k.id is not null then attempt := darkroom.start_attempt(p, l, k, v_candidate, null); return; end if;
  select min(d.until), coalesce(bool_or(d.until is null and x.max_concurrency > 0), false) into cool_at, is_full
    from darkroom.provider_api_keys x left join darkroom.key_cooldowns d
      on d.key_id = x.id and d.provider_model = v_candidate->>'provider_model' and d.until > darkroom.now()
   where x.id = any (p_keys);
  is_full := is_full or cool_at is null and cardinality(p_keys) > 0;
  if is_full then return; end if;
  v_next := darkroom.next_candidate(p);
  if v_next >= 0 then perform darkroom.requeue(p, v_next, null, false); return; end if;
  if cardinality(p_keys) > 0 then perform darkroom.requeue(p, p.candidate, cool_at, false); return; end if;
  attempt := darkroom.start_attempt(p, l, null, v_candidate, darkroom.no_key_error(l));
end $$;

-- Attempts of a lane, or of all, whose provider is to be told to stop: each to one caller, once. The next check, two seconds on, tells it again
-- if it still runs.
create function darkroom.take_cancels(p_lane text, p_max int) returns jsonb language plpgsql as $$
declare v jsonb;
begin
  with due as (
    select x.id from darkroom.attempts x
     where x.cancel_requested and not x.cancel_sent and x.status = 'submitted' and (p_lane is null or x.lane = p_lane)
     order by x.id limit p_max for no key update skip locked),
  taken as (update darkroom.attempts x set cancel_sent = true, next_check_at = darkroom.now() + interval '2 seconds' from due where x.id = due.id returning x.*)
  select coalesce(jsonb_agg(darkroom.work_json(t::darkroom.attempts)), '[]') into v from taken t;
  return v;
end $$;

create function api.claim(lane text, max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  l darkroom.lanes; v_keys text[]; v_free int; v_room int; v_taken int; v_kind smallint; n record; v_id bigint; h record; a darkroom.attempts; v_full boolean := false; v_cool_at timestamptz;
  v_started jsonb := '[]'; v_ended jsonb := '[]'; v_jobs text[] := '{}';
begin
  if current_setting('transaction_isolation') <> 'read committed' then raise exception 'claim needs read committed'; end if;
  select * into l from darkroom.lanes x where x.lane = claim.lane for no key update;
  if not found then return darkroom.ok('{"attempts": [], "ended": [], "cancels": [], "lanes": []}'); end if;
  delete from darkroom.outbox o where o.lane = claim.lane and o.id in (select id from darkroom.outbox x where x.lane = claim.lane for update skip locked);
  perform 1 from darkroom.provider_api_keys k where k.id in (select id from darkroom.lane_keys(l)) order by k.id for no key update;
  select coalesce(array_agg(k.id order by k.id), '{}'), coalesce(sum(greatest(0, k.max_concurrency - (select count(*) from darkroom.attempts t
      where t.key_id = k.id and t.status in ('starting', 'submitted', 'submission_unknown')))), 0)
    into v_keys, v_room from darkroom.lane_keys(l) k;
  if cardinality(v_keys) = 0 then v_room := max + 1; end if;       -- nobody will come: let all of them move on or fail
  v_free := least(max, v_room);
  for v_round in 1 .. 4 loop                -- finals, then previews; twice each: a round may meet an emptied account
    exit when v_free <= 0;
    v_kind := case when v_round <= 2 then 1 else 0 end;
    n := darkroom.next_parts(claim.lane, v_kind, v_free);
    continue when n.accounts is null;
    if n.ids is not null then
      foreach v_id in array n.ids loop
        continue when v_id is null;
        h := darkroom.hand_out(v_id, l, v_keys);
        a := h.attempt;
        if h.is_full then v_full := true; v_cool_at := least(v_cool_at, h.cool_at); end if;
        continue when a.id is null;
        v_free := v_free - 1;
        v_jobs := v_jobs || a.job_id;
        if a.status = 'failed' then v_ended := v_ended || jsonb_build_object('attempt_id', a.id, 'event', 'failed', 'fence', a.fence);
        else v_started := v_started || darkroom.work_json(a); end if;
      end loop;
    end if;
    perform darkroom.turn_over(claim.lane, v_kind, n.accounts);
  end loop;
  perform darkroom.mark_processing(v_jobs);
  v_taken := jsonb_array_length(v_started) + jsonb_array_length(v_ended);
  if v_cool_at is not null then insert into darkroom.outbox (lane, due_at, created_at) values (claim.lane, v_cool_at, v_cool_at); end if;
  -- More than was asked for, or rounds that met nobody but accounts a mass cancel has emptied: whoever still waits has room, and only us. Room
  -- that a cool-down keeps from all who were met is none.
  if v_room > v_taken and (v_taken > 0 or not v_full) and exists (select from darkroom.parts p where p.lane = claim.lane and p.status = 'waiting') then
    perform darkroom.wake(claim.lane);
  end if;
  return darkroom.ok(jsonb_build_object('attempts', v_started, 'ended', v_ended, 'cancels', darkroom.take_cancels(claim.lane, 20), 'lanes', darkroom.woken()));
end $$;

-- `queued` jobs that just got an attempt. A job that is locked (being canceled) is left to whoever holds it.
create function darkroom.mark_processing(p_jobs text[]) returns void language plpgsql as $$
declare v text;
begin
  for v in select j.id from darkroom.jobs j where j.id = any (p_jobs) and j.status = 'queued' order by j.id for no key update skip locked loop
    perform darkroom.transition(v, 'queued', 'processing');
  end loop;
end $$;

select darkroom.expose('api.claim(text,int)', 'darkroom_system', 'worker');
