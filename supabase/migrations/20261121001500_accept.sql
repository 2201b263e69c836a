-- Accepting work, in one transaction: authenticate → plan → idempotency record → lanes → the slot's lock, which decides → the jobs' own rows.

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
create function darkroom.remember(p_account text, p_key text, p_hash text, p_kind text, p_objects text[], p_refusal jsonb default null,
  p_at timestamptz default darkroom.now()) returns boolean language plpgsql as $$
begin
  if p_key is null then return true; end if;
  insert into darkroom.requests (account_id, key, hash, kind, object_ids, refusal, at)
    values (p_account, p_key, p_hash, p_kind, p_objects, p_refusal, p_at) on conflict do nothing;
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

-- Writes a job that its account's locked slot `s` admits, into a lane that its account has entered: with its first part and its wake-up, its hold,
-- the slot and its two entries, in one statement. Most jobs have one part; the others follow. The token that its events are read with.
create function darkroom.write_job(c darkroom.caller, s darkroom.slots, p_id text, p_spec jsonb, p_batch text default null) returns text
language plpgsql as $$
declare
  j darkroom.job_spec := jsonb_populate_record(null::darkroom.job_spec, p_spec); v_transfer bigint := nextval('darkroom.transfer_id');
  v_priority smallint := case j.priority when 'low' then 0 when 'normal' then 1 when 'high' then 2 end; v_kind smallint := darkroom.stage_kind(j.stage);
  v_token text := encode(uuid_send(gen_random_uuid()), 'hex'); v_between bytea;
begin
  s.available := s.available - j.hold; s.held := s.held + j.hold; s.outstanding := s.outstanding + 1;
  if j.hold > 0 then
    v_between := darkroom.entry_hash(s.head, s.account_id, s.slot, s.version + 1, v_transfer, 'available', -j.hold, s.available, 'hold', p_id, c.at);
    s.version := s.version + 2;
    s.head := darkroom.entry_hash(v_between, s.account_id, s.slot, s.version, v_transfer, 'held', j.hold, s.held, 'hold', p_id, c.at);
  end if;
  with job as (
    insert into darkroom.jobs (id, account_id, user_id, api_key_id, project_id, batch_id, end_user, model, requested_model, operation, priority,
        input, count, preview, stages, routing, considered, metadata, webhook_url, webhook_events, warnings, price_version, eta_seconds, events_token,
        deadline_seconds, deadline_set, deadline_at, created_at)
      values (p_id, c.account_id, c.user_id, c.api_key_id, c.project_id, p_batch, j.end_user, j.model, j.requested_model, j.operation, v_priority,
        j.input, j.count, j.preview, j.stages, j.routing, j.considered, j.metadata, j.webhook_url, j.webhook_events, j.warnings, j.price_version,
        j.eta_seconds, v_token, j.deadline_seconds, j.deadline_set, c.at + make_interval(secs => j.deadline_seconds), c.at)),
  part as (
    insert into darkroom.parts (job_id, account_id, stage, number, outputs, kind, priority, lane, enqueued_at)
      values (p_id, c.account_id, j.stage, 0, least(j.count, j.outputs_per_part), v_kind, v_priority, j.lane, c.at)),
  wake as (
    insert into darkroom.outbox (lane, due_at, created_at) values (j.lane, c.at + interval '5 seconds', c.at)),
  hold as (
    insert into darkroom.holds (id, account_id, slot, credits, at) values (p_id, c.account_id, s.slot, j.hold, c.at)),
  slot as (
    update darkroom.slots x set available = s.available, held = s.held, outstanding = s.outstanding, window_at = s.window_at,
        window_count = s.window_count, version = s.version, head = s.head
     where x.account_id = s.account_id and x.slot = s.slot)
  insert into darkroom.entries (account_id, slot, version, transfer, ledger, amount, balance, kind, ref, at, hash)
    select c.account_id, s.slot, v.version, v_transfer, v.ledger, v.amount, v.balance, 'hold', p_id, c.at, v.hash
      from (values (s.version - 1, 'available'::darkroom.ledger, -j.hold, s.available::bigint, v_between), (s.version, 'held', j.hold, s.held, s.head))
        v (version, ledger, amount, balance, hash)
     where j.hold > 0;
  if j.count > j.outputs_per_part then
    insert into darkroom.parts (job_id, account_id, stage, number, outputs, kind, priority, lane, enqueued_at)
      select p_id, c.account_id, j.stage, x.number, x.outputs, v_kind, v_priority, j.lane, c.at
        from darkroom.cut(j.count, j.outputs_per_part) x where x.number > 0;
  end if;
  return v_token;
end $$;

-- What accepting makes of a request that may be accepted.
create type darkroom.admission as (
  refusal jsonb,
  raced boolean,             -- the request's key was answered meanwhile
  batch_id text,
  lanes text[],              -- that it woke
  ids text[],                -- of its jobs, in order
  tokens text[]              -- that their events are read with
);

-- Writes the jobs of a batch, or one that draws on more than a balance: all of it, or nothing and the refusal.
create function darkroom.write_jobs(c darkroom.caller, s darkroom.slots, a darkroom.admission, p_request jsonb)
returns darkroom.admission language plpgsql as $$
declare v jsonb; v_drawn jsonb; v_count int := cardinality(a.ids);
begin
  if a.batch_id is not null then insert into darkroom.batches (id, account_id, created_at) values (a.batch_id, c.account_id, c.at); end if;
  if p_request->>'quote_id' is not null then
    update darkroom.quotes q set consumed_at = c.at where q.id = p_request->>'quote_id' and q.account_id = c.account_id and q.consumed_at is null;
    if not found then a.refusal := darkroom.refuse('quote_expired'); raise sqlstate 'DR001'; end if;
  end if;
  if c.rate_limit is not null then
    a.refusal := darkroom.count_in_minute(c.api_key_id, v_count, c.rate_limit, 'The limit of this API key is reached.');
    if a.refusal is not null then raise sqlstate 'DR001'; end if;
  end if;
  for i in 1 .. v_count loop
    v := p_request->'jobs'->(i - 1);
    if i > 1 then select * into s from darkroom.slots x where x.account_id = s.account_id and x.slot = s.slot; end if;
    a.tokens := a.tokens || darkroom.write_job(c, s, a.ids[i], v, a.batch_id);
    continue when c.caps is null and (v->'hold')::bigint > 0;
    v_drawn := darkroom.draw_allowances(c, s, (v->'hold')::bigint);
    if jsonb_typeof(v_drawn) = 'object' then a.refusal := v_drawn; raise sqlstate 'DR001'; end if;
    update darkroom.holds h set allowances = v_drawn where h.id = a.ids[i];
  end loop;
  return a;
exception when sqlstate 'DR001' then
  return a;                  -- what was written is undone; what is said of it stays
end $$;

-- Takes back the record of a request that is refused after all, and its place in lanes where the account has nothing else waiting.
create function darkroom.take_back(p_account text, p_request jsonb) returns void language plpgsql security definer set search_path = '' as $$
declare v jsonb;
begin
  delete from darkroom.requests r where r.account_id = p_account and r.key = p_request->>'idempotency_key';
  for v in select x from jsonb_array_elements(p_request->'jobs') x loop
    perform darkroom.leave_lane(v->>'lane', darkroom.stage_kind(v->>'stage'), p_account);
  end loop;
end $$;

-- Enters the request's record, then its lanes, then locks the slot, which decides; and writes its jobs, or takes back what it wrote.
create function darkroom.admit(c darkroom.caller, p_request jsonb) returns darkroom.admission
language plpgsql as $$
declare
  a darkroom.admission; s darkroom.slots; v_jobs jsonb := p_request->'jobs'; v_count int := jsonb_array_length(v_jobs); v_hold bigint := 0;
  v_joined boolean;
begin
  for i in 0 .. v_count - 1 loop
    a.ids := a.ids || darkroom.new_id('job');
    v_hold := v_hold + (v_jobs->i->'hold')::bigint;
  end loop;
  if (p_request->'batch')::boolean then a.batch_id := darkroom.new_id('bat'); end if;
  if not darkroom.remember(c.account_id, p_request->>'idempotency_key', p_request->>'request_hash', case when a.batch_id is null then 'job' else 'batch' end,
      case when a.batch_id is null then a.ids else a.batch_id || a.ids end, null, c.at) then
    a.raced := true;
    return a;
  end if;
  if v_count > 1 then
    a.lanes := darkroom.enter_lanes(v_jobs, c.account_id);
  else
    a.lanes := array[v_jobs->0->>'lane'];
    v_joined := darkroom.join_lane(a.lanes[1], darkroom.stage_kind(v_jobs->0->>'stage'), c.account_id, v_jobs->0->'stages');
  end if;
  select * into s from darkroom.slots x where x.account_id = c.account_id and x.slot = 0 for no key update;
  -- Transactions reach the lock in another order than they began: a window that starts later than now is not a clock set back.
  if s.window_at not between c.at - interval '1 minute' and c.at + interval '1 minute' then s.window_at := c.at; s.window_count := 0; end if;
  s.window_count := s.window_count + v_count;
  if s.window_count > s.rate_limit_per_minute or s.outstanding + v_count > s.max_outstanding or s.available < v_hold then
    -- Under the lock nobody else can take the quote: if it was taken while this waited, that is why there is nothing left.
    a.refusal := coalesce(darkroom.check_quote(c.account_id, p_request->>'quote_id', p_request->>'request_hash'), darkroom.slot_refusal(s, v_count, v_hold, c.at));
  elsif a.batch_id is null and v_hold > 0 and c.caps is null and c.rate_limit is null and not p_request ? 'quote_id' then
    a.tokens := array[darkroom.write_job(c, s, a.ids[1], v_jobs->0)];
  else
    a := darkroom.write_jobs(c, s, a, p_request);
  end if;
  if a.refusal is not null then perform darkroom.take_back(c.account_id, p_request); end if;
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

create type darkroom.accepted as (replayed boolean, account_id text, project_id text, batch_id text, created_at timestamptz, ids text[], tokens text[], lanes text[],
  jobs jsonb);

-- Reserves credits for one job, or for all of a batch, and lets them wait in their lanes. What was answered under the request's key before
-- is looked for where the request does not go through: its record is the first thing that accepting writes. The answer says what the
-- caller cannot know: its jobs are as they were sent, unless `jobs` says what became of them.
create function api.accept(credential jsonb, request jsonb) returns json
language plpgsql security definer set search_path = '' set jit = off set plan_cache_mode = force_generic_plan as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', request->>'project_id');
  a darkroom.admission; v_planned jsonb; v_stands boolean;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.end_user is not null then request := darkroom.for_end_user(c, request); end if;
  v_stands := darkroom.stands(c, request);
  if not v_stands or c.allowed_models is not null or c.client_token_id is not null or request ? 'quote_id' then
    v_planned := darkroom.plan_jobs(c, request, v_stands);
    if v_planned ? 'refusal' then return coalesce(darkroom.replayed_jobs(c.account_id, request), v_planned); end if;
    request := v_planned;
  end if;
  a := darkroom.admit(c, request);
  if a.raced then return coalesce(darkroom.replayed_jobs(c.account_id, request), darkroom.refuse('idempotency_in_flight')); end if;
  if a.refusal is not null then
    if a.refusal->'refusal'->>'code' in ('insufficient_credits', 'spend_cap_reached') then     -- a later try cannot cure these
      perform darkroom.remember(c.account_id, request->>'idempotency_key', request->>'request_hash', 'job', '{}', a.refusal->'refusal');
    end if;
    return a.refusal;
  end if;
  return json_build_object('ok', row(false, c.account_id, c.project_id, a.batch_id, c.at, a.ids, a.tokens, a.lanes, v_planned->'jobs')::darkroom.accepted);
end $$;

create function darkroom.quote_json(q darkroom.quotes, c darkroom.caller, p_replayed boolean) returns jsonb language sql stable as $$
  select darkroom.ok(jsonb_build_object('id', q.id, 'credits', q.credits, 'credits_max', q.credits_max) || q.offer
    || jsonb_build_object('expires_at', darkroom.iso(q.expires_at), 'replayed', p_replayed, 'balance_after', case when c.client_token_id is null then
      (select sum(s.available)::bigint from darkroom.slots s where s.account_id = c.account_id) - q.credits_max end))
$$;

-- With whom planned jobs would be made, and what else there is.
create function darkroom.offer(p_jobs jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object('provider', y->'provider', 'model', y->'provider_model', 'credential', y->'credential', 'alternatives', (
      select coalesce(jsonb_agg(jsonb_build_object('provider', x->'provider', 'model', x->'provider_model',
        'credits', (x->>'credits')::bigint * (p_jobs->0->>'count')::int)), '[]') from jsonb_array_elements(l.candidates - 0) x))
    from (select coalesce(p_jobs->0->'stages'->'final', p_jobs->0->'stages'->'preview')->'candidates') l (candidates), darkroom.with_payer(l.candidates->0) y
$$;

-- What it would cost, and with whose key: the same plan makes quote and hold. A quote is used once, by this account, for this body.
create function api.quote(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', request->>'project_id'); v_plan jsonb; v_before jsonb; q darkroom.quotes;
  v_once jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  request := darkroom.for_end_user(c, request);
  v_once := jsonb_build_object('key', request->'idempotency_key', 'request_hash', request->'idempotency_hash');
  v_before := darkroom.made_before(c, v_once);
  if v_before ? 'refusal' then return v_before; end if;
  select * into q from darkroom.quotes x where x.id = v_before->'object_ids'->>0;
  if found then return darkroom.quote_json(q, c, true); end if;
  v_plan := darkroom.plan_jobs(c, request, darkroom.stands(c, request));
  if v_plan ? 'refusal' then return v_plan; end if;
  insert into darkroom.quotes (account_id, hash, credits, credits_max, offer, expires_at)
    select c.account_id, request->>'request_hash', sum((x->>'credits')::bigint), sum((x->>'hold')::bigint), darkroom.offer(v_plan->'jobs'),
        darkroom.now() + interval '15 minutes'
      from jsonb_array_elements(v_plan->'jobs') x
    returning * into q;
  perform darkroom.made(c, v_once, 'quote', q.id);
  return darkroom.quote_json(q, c, false);
end $$;

select darkroom.own('darkroom.take_back(text, jsonb)', 'darkroom_system');
select darkroom.expose('api.accept(jsonb,jsonb)', 'darkroom_account', 'submit');
select darkroom.expose('api.quote(jsonb,jsonb)', 'darkroom_account', 'submit');
