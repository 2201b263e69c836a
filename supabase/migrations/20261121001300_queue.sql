-- Putting work into lanes. Called before slots are locked; several lanes in one transaction in sorted order.
-- On the way of every accepted job: functions there return something, because an assignment is evaluated without the executor that
-- `perform` starts.

-- Says that an account has something waiting; where it is the first one, its lane is opened, if the job's stages are given. A bare
-- `on conflict` would wait for a claim's uncommitted update of the row.
create function darkroom.join_lane(p_lane text, p_kind smallint, p_account text, p_stages jsonb default null) returns boolean
language plpgsql as $$
declare v_locked text := pg_advisory_xact_lock_shared(hashtextextended(p_lane || '|' || p_account, p_kind)); v_there boolean;
begin
  -- By the account's own key: a plan that was made while few waited would else walk everybody who waits in the lane.
  select true into v_there from darkroom.lane_accounts l
    where l.account_id = p_account and l.lane is not distinct from p_lane and l.kind is not distinct from p_kind;
  if v_there then return true; end if;
  if p_stages is not null then perform darkroom.open_lane(darkroom.candidate(p_stages, case p_kind when 1 then 'final' else 'preview' end, 0)); end if;
  insert into darkroom.lane_accounts (lane, kind, account_id) values (p_lane, p_kind, p_account) on conflict do nothing;
  return true;
end $$;

-- Takes an account with nothing waiting out of a lane, with submitters locked out. False: it has something waiting, or a submitter is there.
-- Never waits for a row: whoever calls this may hold what the other one wants next, and a row that stays is met and taken out by a claim.
create function darkroom.leave_lane(p_lane text, p_kind smallint, p_account text) returns boolean
language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if exists (select from darkroom.parts p where p.lane = p_lane and p.kind = p_kind and p.account_id = p_account and p.status = 'waiting')
     or not pg_try_advisory_xact_lock(hashtextextended(p_lane || '|' || p_account, p_kind)) then
    return false;
  end if;
  perform 1 from darkroom.lane_accounts l where l.account_id = p_account and l.lane = p_lane and l.kind = p_kind for update skip locked;
  if not found then return true; end if;
  -- Looked at again: submitters may have come before they were locked out.
  delete from darkroom.lane_accounts l where l.account_id = p_account and l.lane = p_lane and l.kind = p_kind
    and not exists (select from darkroom.parts p where p.lane = p_lane and p.kind = p_kind and p.account_id = p_account and p.status = 'waiting');
  return true;
end $$;

-- A lane is there before anybody waits in it, and stays.
create function darkroom.open_lane(p_candidate jsonb) returns text language plpgsql as $$
declare v_lane text := p_candidate->>'lane';
begin
  perform 1 from darkroom.lanes l where l.lane = v_lane;
  if found then return v_lane; end if;
  insert into darkroom.lanes (lane, provider, profile, owner_kind, owner_id)
    values (v_lane, p_candidate->>'provider', p_candidate->>'profile', p_candidate->>'owner_kind', p_candidate->>'owner_id')
    on conflict do nothing;
  return v_lane;
end $$;

-- A wake-up to send: rows, not a flag, so that two writers never wait for each other. The caller publishes it at once; the sweep
-- sends again what no claim has looked at.
create function darkroom.wake(p_lane text) returns boolean language plpgsql as $$
begin
  insert into darkroom.outbox (lane, due_at) values (p_lane, darkroom.now() + interval '5 seconds');
  return darkroom.say_woken(p_lane);
end $$;

create function darkroom.say_woken(p_lane text) returns boolean language plpgsql as $$
declare v text := coalesce(current_setting('darkroom.woken', true), '');
begin
  if strpos(E'\n' || v, E'\n' || p_lane || E'\n') = 0 then v := set_config('darkroom.woken', v || p_lane || E'\n', true); end if;
  return true;
end $$;

-- The lanes that this transaction woke: what its caller publishes once it has committed.
create function darkroom.woken() returns jsonb language plpgsql stable as $$
declare v text := current_setting('darkroom.woken', true);
begin
  return case when coalesce(v, '') = '' then '[]' else to_jsonb(string_to_array(rtrim(v, E'\n'), E'\n')) end;
end $$;

-- The parts that a stage is cut into, one per call of its provider.
create function darkroom.cut(p_count int, p_per_part int) returns table (number int, outputs int) language sql immutable as $$
  select n, least(p_per_part, p_count - n * p_per_part) from generate_series(0, (p_count - 1) / p_per_part) n
$$;

create function darkroom.stage_kind(p_stage text) returns smallint language sql immutable as $$
  select case p_stage when 'final' then 1::smallint else 0::smallint end
$$;

-- Enters the lanes of a batch that an account is about to insert, in sorted order: two batches over the same lanes would else wait for each
-- other. The lanes that it will wait in.
create function darkroom.enter_lanes(p_jobs jsonb, p_account text) returns text[] language plpgsql as $$
declare r record; v_lanes text[] := '{}'::text[]; v_joined boolean;
begin
  for r in select distinct on (x->>'lane', x->>'stage') x->>'lane' as lane, x->>'stage' as stage, x->'stages' as stages
             from jsonb_array_elements(p_jobs) x order by x->>'lane', x->>'stage' loop
    v_joined := darkroom.join_lane(r.lane, darkroom.stage_kind(r.stage), p_account, r.stages);
    if not r.lane = any (v_lanes) then v_lanes := v_lanes || r.lane; end if;
  end loop;
  return v_lanes;
end $$;

-- Lets a later stage of a job wait.
create function darkroom.enqueue_stage(j darkroom.jobs, p_stage text) returns boolean
language plpgsql as $$
declare v_lane text := darkroom.open_lane(darkroom.candidate(j.stages, p_stage, 0)); v_kind smallint := darkroom.stage_kind(p_stage); v_joined boolean;
begin
  v_joined := darkroom.join_lane(v_lane, v_kind, j.account_id);
  insert into darkroom.parts (job_id, account_id, stage, number, outputs, kind, priority, lane)
    select j.id, j.account_id, p_stage, p.number, p.outputs, v_kind, j.priority, v_lane
      from darkroom.cut(j.count, (j.stages->p_stage->>'outputs_per_part')::int) p;
  return darkroom.wake(v_lane);
end $$;

create function darkroom.candidate(p_stages jsonb, p_stage text, p_number int) returns jsonb language sql immutable as $$
  select darkroom.with_payer(p_stages->p_stage->'candidates'->p_number)
$$;

-- Puts a part back: same or another candidate, now or later. A parked part is in no queue until its time has come.
create function darkroom.requeue(p_part darkroom.parts, p_candidate int, p_not_before timestamptz, p_retry boolean) returns void
language plpgsql as $$
declare v jsonb;
begin
  select darkroom.candidate(j.stages, p_part.stage, p_candidate) into v from darkroom.jobs j where j.id = p_part.job_id;
  perform darkroom.open_lane(v);
  if p_not_before is null then perform darkroom.join_lane(v->>'lane', p_part.kind, p_part.account_id); end if;
  update darkroom.parts p set candidate = p_candidate, lane = v->>'lane', not_before = p_not_before,
      status = case when p_not_before is null then 'waiting' else 'parked' end, retries = p.retries + case when p_retry then 1 else 0 end
   where p.id = p_part.id;
  if p_not_before is null then perform darkroom.wake(v->>'lane'); end if;
end $$;
