-- Accepting work: authenticate → resolve and price → write everything, the idempotency record first and the slot's row last, in one
-- transaction.

-- What was answered under this key before: null (nothing), a refusal, or {"object_ids": […], "replayed": true}.
create function darkroom.replay(p_account text, p_key text, p_hash text) returns jsonb
language plpgsql stable as $$
declare r darkroom.requests;
begin
  if p_key is null then return null; end if;
  select * into r from darkroom.requests q where q.account_id = p_account and q.key = p_key;
  if not found then return null; end if;
  if r.hash <> p_hash then return darkroom.refuse('idempotency_mismatch'); end if;
  if r.refusal is not null then return jsonb_build_object('refusal', r.refusal || '{"replayed": true}'); end if;
  return jsonb_build_object('object_ids', to_jsonb(r.object_ids), 'kind', r.kind);
end $$;

-- Records the answer. False: the same key was answered meanwhile (the insert waited for it).
create function darkroom.remember(p_account text, p_key text, p_hash text, p_kind text, p_objects text[], p_refusal jsonb default null)
returns boolean language plpgsql as $$
begin
  if p_key is null then return true; end if;
  insert into darkroom.requests (account_id, key, hash, kind, object_ids, refusal)
    values (p_account, p_key, p_hash, p_kind, p_objects, p_refusal) on conflict do nothing;
  return found;
end $$;

-- Checks a quote without taking it. Null: none given, or good.
create function darkroom.check_quote(p_account text, p_quote text, p_hash text) returns jsonb
language plpgsql stable as $$
declare q darkroom.quotes;
begin
  if p_quote is null then return null; end if;
  select * into q from darkroom.quotes x where x.id = p_quote and x.account_id = p_account;
  if not found then return darkroom.refuse('not_found', 'There is no such quote.'); end if;
  if q.hash <> p_hash then return darkroom.refuse('quote_mismatch'); end if;
  if q.consumed_at is not null or q.expires_at <= darkroom.now() then return darkroom.refuse('quote_expired'); end if;
  return null;
end $$;

create type darkroom.pricing as (
  refusal jsonb,
  jobs darkroom.job_price[],
  ids text[]
);

-- The jobs of a request priced; or why one of them cannot be.
create function darkroom.price_jobs(c darkroom.caller, p_request jsonb) returns darkroom.pricing language plpgsql as $$
declare p darkroom.pricing; j darkroom.job_price; v_own boolean := darkroom.has_own(c);
begin
  if p_request ? 'quote_id' then p.refusal := darkroom.check_quote(c.account_id, p_request->>'quote_id', p_request->>'request_hash'); end if;
  for i in 0 .. jsonb_array_length(p_request->'jobs') - 1 loop
    exit when p.refusal is not null;
    j := darkroom.price_job(c, p_request->'jobs'->i, v_own);
    p.refusal := j.refusal;
    j.id := darkroom.new_id('job');
    p.jobs := p.jobs || j;
    p.ids := p.ids || j.id;
  end loop;
  return p;
end $$;

-- Writes a job, the parts of its first stage and their wake-up, in one statement, into a lane that its account has entered. The job as it is
-- shown to whoever made it.
create function darkroom.insert_job(c darkroom.caller, p darkroom.job_price, p_batch text) returns json
language plpgsql as $$
declare
  v_job json; s darkroom.job_spec := p.spec; v_lane text := p.candidate->>'lane';
  v_priority smallint := array_position(array['low', 'normal', 'high'], s.priority) - 1;
begin
  with part as (
    insert into darkroom.parts (job_id, account_id, stage, number, outputs, kind, priority, lane)
      select p.id, c.account_id, p.stage, x.number, x.outputs, darkroom.stage_kind(p.stage), v_priority, v_lane
        from darkroom.cut(s.count, p.outputs_per_part) x),
  wake as (
    insert into darkroom.outbox (lane, due_at, created_at) values (v_lane, c.at + interval '5 seconds', c.at))
  insert into darkroom.jobs (id, account_id, user_id, api_key_id, project_id, batch_id, end_user, model, requested_model, operation, priority,
      input, count, preview, stages, routing, considered, metadata, webhook_url, webhook_events, warnings, price_version, eta_seconds, events_token,
      deadline_seconds, deadline_set, deadline_at, created_at)
    values (p.id, c.account_id, c.user_id, c.api_key_id, c.project_id, p_batch, s.end_user, s.model, s.requested_model, s.operation, v_priority,
      s.input, s.count, s.preview, p.stages, coalesce(s.routing, '{}'), p.considered, coalesce(s.metadata, '{}'), s.webhook_url, s.webhook_events,
      coalesce(s.warnings, '[]'), p.price_version, s.eta_seconds, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
      s.deadline_seconds, coalesce(s.deadline_set, false), c.at + make_interval(secs => s.deadline_seconds), c.at)
    returning darkroom.job_object(jobs, p.hold, 0, 0, null, 0, null, '[]', '[]') into v_job;   -- nothing has happened yet
  return v_job;
end $$;

create type darkroom.admission as (
  refusal jsonb,
  raced boolean,             -- the request's key was answered meanwhile
  batch_id text,
  lanes text[],
  jobs json[]
);

-- Inserts the priced jobs and holds their credits, or undoes it all and says why not.
create function darkroom.admit(c darkroom.caller, p_request jsonb, p darkroom.pricing) returns darkroom.admission
language plpgsql as $$
declare a darkroom.admission; j darkroom.job_price; v_holds bigint[];
begin
  begin
    if (p_request->>'batch')::boolean then
      insert into darkroom.batches (account_id) values (c.account_id) returning id into a.batch_id;
    end if;
    if not darkroom.remember(c.account_id, p_request->>'idempotency_key', p_request->>'request_hash',
        case when a.batch_id is null then 'job' else 'batch' end, case when a.batch_id is null then p.ids else a.batch_id || p.ids end) then
      a.raced := true;
      raise sqlstate 'DR001';
    end if;
    if p_request->>'quote_id' is not null then
      update darkroom.quotes q set consumed_at = c.at
       where q.id = p_request->>'quote_id' and q.account_id = c.account_id and q.consumed_at is null;
      if not found then a.refusal := darkroom.refuse('quote_expired'); raise sqlstate 'DR001'; end if;
    end if;
    a.lanes := darkroom.enter_lanes(p.jobs, c.account_id);
    foreach j in array p.jobs loop
      a.jobs := a.jobs || darkroom.insert_job(c, j, a.batch_id);
      v_holds := v_holds || j.hold;
    end loop;
    a.refusal := darkroom.place_holds(c, p.ids, v_holds);
    if a.refusal is not null then raise sqlstate 'DR001'; end if;
  exception when sqlstate 'DR001' then
    null;                    -- what was written is undone; what is said of it stays
  end;
  return a;
end $$;

-- What was answered before; null: nothing.
create function darkroom.replayed_jobs(p_account text, p_request jsonb) returns jsonb language plpgsql stable as $$
declare v_replay jsonb := darkroom.replay(p_account, p_request->>'idempotency_key', p_request->>'request_hash');
begin
  if v_replay is null or v_replay ? 'refusal' then return v_replay; end if;
  return darkroom.ok(jsonb_build_object('replayed', true, 'lanes', '[]'::jsonb,
    'batch_id', case when v_replay->>'kind' = 'batch' then v_replay->'object_ids'->0 end,
    'jobs', (select coalesce(jsonb_agg(darkroom.job_json(j) order by x.ordinality), '[]')
      from jsonb_array_elements_text(v_replay->'object_ids') with ordinality x
      join darkroom.jobs j on j.id = x.value and j.account_id = p_account)));
end $$;

-- Reserves credits for one job, or for all of a batch, and lets them wait in their lanes. What was answered under the request's key before
-- is looked for where the request does not go through: its record is the first thing that accepting writes.
create function api.accept(credential jsonb, request jsonb) returns json
language plpgsql security definer set search_path = '' set jit = off set plan_cache_mode = force_generic_plan as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', request->>'project_id');
  p darkroom.pricing; a darkroom.admission;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.end_user is not null then request := darkroom.for_end_user(c, request); end if;
  p := darkroom.price_jobs(c, request);
  if p.refusal is not null then return coalesce(darkroom.replayed_jobs(c.account_id, request), p.refusal); end if;
  a := darkroom.admit(c, request, p);
  if a.raced then return coalesce(darkroom.replayed_jobs(c.account_id, request), darkroom.refuse('idempotency_in_flight')); end if;
  if a.refusal is not null then
    if a.refusal->'refusal'->>'code' in ('insufficient_credits', 'spend_cap_reached') then
      perform darkroom.remember(c.account_id, request->>'idempotency_key', request->>'request_hash', 'job', '{}', a.refusal->'refusal');
    end if;
    return a.refusal;
  end if;
  return json_build_object('ok', json_build_object('replayed', false, 'batch_id', a.batch_id, 'lanes', a.lanes, 'jobs', a.jobs));
end $$;

-- What it would cost, and with whose key: the same function prices quote and hold. A quote is used once, by this account, for this body.
create function api.quote(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', request->>'project_id');
  v_before jsonb; v_spec jsonb; p darkroom.job_price; v_own boolean; v_credits bigint := 0; v_max bigint := 0; q darkroom.quotes; v_first jsonb; v_list jsonb; v_available bigint;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  request := darkroom.for_end_user(c, request);
  v_own := darkroom.has_own(c);
  for v_spec in select x from jsonb_array_elements(request->'jobs') x loop
    p := darkroom.price_job(c, v_spec, v_own);
    if p.refusal is not null then return p.refusal; end if;
    v_credits := v_credits + p.credits;
    v_max := v_max + p.hold;
    v_list := coalesce(v_list, coalesce(p.stages->'final', p.stages->'preview')->'candidates');
  end loop;
  v_first := v_list->0;
  v_before := darkroom.replay(c.account_id, request->>'idempotency_key', request->>'idempotency_hash');
  if v_before ? 'refusal' then return v_before; end if;
  select * into q from darkroom.quotes x where x.id = v_before->'object_ids'->>0;
  if not found then
    insert into darkroom.quotes (account_id, hash, credits, credits_max, expires_at)
      values (c.account_id, request->>'request_hash', v_credits, v_max, darkroom.now() + interval '15 minutes') returning * into q;
    perform darkroom.remember(c.account_id, request->>'idempotency_key', request->>'idempotency_hash', 'quote', array[q.id]);
  end if;
  select sum(s.available)::bigint into v_available from darkroom.slots s where s.account_id = c.account_id;
  return darkroom.ok(jsonb_build_object('id', q.id, 'credits', q.credits, 'credits_max', q.credits_max, 'provider', v_first->'provider',
    'model', v_first->'provider_model', 'credential', v_first->'credential', 'balance_after', case when c.client_token_id is null then v_available - q.credits_max end,
    'alternatives', (select coalesce(jsonb_agg(jsonb_build_object('provider', x->'provider', 'model', x->'provider_model', 'credits',
        (x->>'credits')::bigint * (request->'jobs'->0->>'count')::int)), '[]') from jsonb_array_elements(v_list - 0) x),
    'expires_at', darkroom.iso(q.expires_at), 'replayed', v_before is not null));
end $$;

select darkroom.expose('api.accept(jsonb,jsonb)', 'darkroom_account', 'submit');
select darkroom.expose('api.quote(jsonb,jsonb)', 'darkroom_account', 'submit');
