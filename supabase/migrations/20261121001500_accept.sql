-- Accepting work: authenticate → idempotency record → decide everything → write everything, in one transaction.

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

create function darkroom.insert_job(c darkroom.caller, p_id text, p_spec jsonb, p_batch text) returns jsonb
language plpgsql as $$
declare j darkroom.jobs; s darkroom.stages; v_stage jsonb; v_first boolean := true; v_now timestamptz := darkroom.now();
begin
  insert into darkroom.jobs (id, account_id, user_id, api_key_id, project_id, batch_id, end_user, model, requested_model, operation, priority,
      input, count, preview, routing, considered, metadata, webhook_url, webhook_events, warnings, price_version, eta_seconds, events_token,
      deadline_seconds, deadline_set, deadline_at, created_at)
    values (p_id, c.account_id, c.user_id, c.api_key_id, c.project_id, p_batch, p_spec->>'end_user', p_spec->>'model',
      p_spec->>'requested_model', p_spec->>'operation', array_position(array['low', 'normal', 'high'], p_spec->>'priority') - 1,
      p_spec->'input', (p_spec->>'count')::int, p_spec->>'preview', coalesce(p_spec->'routing', '{}'), p_spec->'considered',
      coalesce(p_spec->'metadata', '{}'), p_spec->>'webhook_url',
      case when jsonb_typeof(p_spec->'webhook_events') = 'array' then array(select jsonb_array_elements_text(p_spec->'webhook_events')) end,
      coalesce(p_spec->'warnings', '[]'), p_spec->>'price_version', (p_spec->>'eta_seconds')::numeric,
      replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), (p_spec->>'deadline_seconds')::int,
      coalesce((p_spec->>'deadline_set')::boolean, false), v_now + make_interval(secs => (p_spec->>'deadline_seconds')::int), v_now)
    returning * into j;
  insert into darkroom.job_events (job_id, version, account_id, type, to_status) values (p_id, 1, c.account_id, 'status', 'queued');
  for v_stage in select x from jsonb_array_elements(p_spec->'stages') x loop
    insert into darkroom.stages (job_id, stage, candidates, outputs_per_part)
      values (p_id, v_stage->>'stage', v_stage->'candidates', (v_stage->>'outputs_per_part')::int) returning * into s;
    if v_first then perform darkroom.enqueue_stage(j, s); end if;
    v_first := false;
  end loop;
  return darkroom.new_job_json(j, (p_spec->>'hold')::bigint);
end $$;

-- Inserts the priced jobs and holds their credits, or undoes it all and says why not.
create function darkroom.admit(c darkroom.caller, p_request jsonb, p_priced jsonb[], p_ids text[], out refusal jsonb, out raced boolean,
  out batch_id text, out jobs jsonb)
language plpgsql as $$
declare i int; v_holds jsonb := '[]';
begin
  raced := false; jobs := '[]';
  begin
    if (p_request->>'batch')::boolean then
      insert into darkroom.batches (account_id) values (c.account_id) returning id into batch_id;
    end if;
    if not darkroom.remember(c.account_id, p_request->>'idempotency_key', p_request->>'request_hash',
        case when batch_id is null then 'job' else 'batch' end, case when batch_id is null then p_ids else batch_id || p_ids end) then
      raced := true;
      raise sqlstate 'DR001';
    end if;
    if p_request->>'quote_id' is not null then
      update darkroom.quotes q set consumed_at = darkroom.now()
       where q.id = p_request->>'quote_id' and q.account_id = c.account_id and q.consumed_at is null;
      if not found then refusal := darkroom.refuse('quote_expired'); raise sqlstate 'DR001'; end if;
    end if;
    for i in 1 .. cardinality(p_ids) loop
      jobs := jobs || darkroom.insert_job(c, p_ids[i], p_priced[i], batch_id);
      v_holds := v_holds || jsonb_build_object('id', p_ids[i], 'credits', p_priced[i]->'hold');
    end loop;
    refusal := darkroom.place_holds(c, v_holds);
    if refusal is not null then raise sqlstate 'DR001'; end if;
  exception when sqlstate 'DR001' then
    batch_id := null;
  end;
end $$;

create function darkroom.replayed_jobs(p_account text, p_replay jsonb) returns jsonb language sql stable as $$
  select case when p_replay ? 'refusal' then p_replay else darkroom.ok(jsonb_build_object('replayed', true, 'lanes', '[]'::jsonb,
      'batch_id', case when p_replay->>'kind' = 'batch' then p_replay->'object_ids'->0 end,
      'jobs', (select coalesce(jsonb_agg(darkroom.job_json(j) order by x.ordinality), '[]')
        from jsonb_array_elements_text(p_replay->'object_ids') with ordinality x
        join darkroom.jobs j on j.id = x.value and j.account_id = p_account))) end
$$;

-- Reserves credits for one job, or for all of a batch, and lets them wait in their lanes.
create function api.accept(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' set jit = off set plan_cache_mode = force_generic_plan as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', request->>'project_id');
  v_before jsonb; v_refusal jsonb; v_priced jsonb[] := '{}'; v_ids text[] := '{}'; v_spec jsonb; v_price jsonb; a record;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  request := darkroom.for_end_user(c, request);
  v_before := darkroom.replay(c.account_id, request->>'idempotency_key', request->>'request_hash');
  if v_before is not null then return darkroom.replayed_jobs(c.account_id, v_before); end if;
  v_refusal := darkroom.check_quote(c.account_id, request->>'quote_id', request->>'request_hash');
  if v_refusal is not null then return v_refusal; end if;
  for v_spec in select x from jsonb_array_elements(request->'jobs') x loop
    v_price := darkroom.price_job(c, v_spec);
    if v_price ? 'refusal' then return v_price; end if;
    v_priced := v_priced || v_price;
    v_ids := v_ids || darkroom.new_id('job');
  end loop;
  a := darkroom.admit(c, request, v_priced, v_ids);
  if a.raced then
    v_before := darkroom.replay(c.account_id, request->>'idempotency_key', request->>'request_hash');
    return coalesce(darkroom.replayed_jobs(c.account_id, v_before), darkroom.refuse('idempotency_in_flight'));
  end if;
  if a.refusal is not null then
    if a.refusal->'refusal'->>'code' in ('insufficient_credits', 'spend_cap_reached') then
      perform darkroom.remember(c.account_id, request->>'idempotency_key', request->>'request_hash', 'job', '{}', a.refusal->'refusal');
    end if;
    return a.refusal;
  end if;
  return darkroom.ok(jsonb_build_object('replayed', false, 'batch_id', a.batch_id, 'lanes', darkroom.woken(), 'jobs', a.jobs));
end $$;

-- What it would cost, and with whose key: the same function prices quote and hold. A quote is used once, by this account, for this body.
create function api.quote(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', request->>'project_id');
  v_before jsonb; v_spec jsonb; v_price jsonb; v_credits bigint := 0; v_max bigint := 0; q darkroom.quotes; v_first jsonb; v_list jsonb; v_available bigint;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  request := darkroom.for_end_user(c, request);
  for v_spec in select x from jsonb_array_elements(request->'jobs') x loop
    v_price := darkroom.price_job(c, v_spec);
    if v_price ? 'refusal' then return v_price; end if;
    v_credits := v_credits + (v_price->>'credits')::bigint;
    v_max := v_max + (v_price->>'hold')::bigint;
    v_list := coalesce(v_list, (select s->'candidates' from jsonb_array_elements(v_price->'stages') with ordinality x (s, o) order by o desc limit 1));
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
