-- Putting work into lanes. Called before slots are locked; several lanes in one transaction in sorted order.

-- Says that an account has something waiting. A bare `on conflict` would wait for a claim's uncommitted update of the row.
create function darkroom.join_lane(p_lane text, p_kind smallint, p_account text) returns void
language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(p_lane || '|' || p_account, p_kind));
  perform 1 from darkroom.lane_accounts l where l.lane = p_lane and l.kind = p_kind and l.account_id = p_account;
  if not found then
    insert into darkroom.lane_accounts (lane, kind, account_id) values (p_lane, p_kind, p_account) on conflict do nothing;
  end if;
end $$;

create function darkroom.open_lane(p_candidate jsonb) returns void language plpgsql as $$
begin
  perform 1 from darkroom.lanes l where l.lane = p_candidate->>'lane';
  if found then return; end if;
  insert into darkroom.lanes (lane, provider, profile, owner_kind, owner_id)
    values (p_candidate->>'lane', p_candidate->>'provider', p_candidate->>'profile', p_candidate->>'owner_kind', p_candidate->>'owner_id')
    on conflict do nothing;
end $$;

-- A wake-up to send: rows, not a flag, so that two writers never wait for each other. The caller publishes it at once; the sweep
-- sends again what no claim has looked at.
create function darkroom.wake(p_lane text) returns void language plpgsql as $$
begin
  insert into darkroom.outbox (lane, due_at) values (p_lane, darkroom.now() + interval '5 seconds');
  perform set_config('darkroom.woken', coalesce(current_setting('darkroom.woken', true), '') || p_lane || E'\n', true);
end $$;

-- The lanes that this transaction woke: what its caller publishes once it has committed.
create function darkroom.woken() returns jsonb language plpgsql stable as $$
declare v text := current_setting('darkroom.woken', true);
begin
  if coalesce(v, '') = '' then return '[]'; end if;
  return (select jsonb_agg(distinct x) from unnest(string_to_array(rtrim(v, E'\n'), E'\n')) x);
end $$;

-- Cuts a stage into parts and lets them wait.
create function darkroom.enqueue_stage(p_job darkroom.jobs, p_stage darkroom.stages) returns void
language plpgsql as $$
declare v_first jsonb := p_stage.candidates->0; v_kind smallint := case p_stage.stage when 'final' then 1 else 0 end;
begin
  perform darkroom.open_lane(v_first);
  perform darkroom.join_lane(v_first->>'lane', v_kind, p_job.account_id);
  insert into darkroom.parts (job_id, account_id, stage, number, outputs, kind, priority, lane)
    select p_job.id, p_job.account_id, p_stage.stage, n, least(p_stage.outputs_per_part, p_job.count - n * p_stage.outputs_per_part),
        v_kind, p_job.priority, v_first->>'lane'
      from generate_series(0, (p_job.count - 1) / p_stage.outputs_per_part) n;
  perform darkroom.wake(v_first->>'lane');
end $$;

-- Puts a part back: same or another candidate, now or later. A parked part is in no queue until its time has come.
create function darkroom.requeue(p_part darkroom.parts, p_candidate int, p_not_before timestamptz, p_retry boolean) returns void
language plpgsql as $$
declare v jsonb;
begin
  select s.candidates->p_candidate into v from darkroom.stages s where s.job_id = p_part.job_id and s.stage = p_part.stage;
  perform darkroom.open_lane(v);
  if p_not_before is null then perform darkroom.join_lane(v->>'lane', p_part.kind, p_part.account_id); end if;
  update darkroom.parts p set candidate = p_candidate, lane = v->>'lane', not_before = p_not_before,
      status = case when p_not_before is null then 'waiting' else 'parked' end, retries = p.retries + case when p_retry then 1 else 0 end
   where p.id = p_part.id;
  if p_not_before is null then perform darkroom.wake(v->>'lane'); end if;
end $$;
