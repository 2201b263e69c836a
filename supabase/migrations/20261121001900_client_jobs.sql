-- What clients read of their jobs and do to them. Owned by the account role: row-level security shows the caller's rows only.

create function api.get_job(credential jsonb, job_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; j darkroom.jobs;
begin
  c := darkroom.authenticate_for_job(credential, 'jobs', job_id);
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into j from darkroom.jobs x where x.id = job_id and x.account_id = c.account_id;
  if not found then return darkroom.refuse('not_found'); end if;
  return darkroom.ok(darkroom.job_json(j));
end $$;

-- Authenticates for the account that owns a job, if that is one of the caller's; a stranger's job does not exist.
create function darkroom.authenticate_for_job(p_credential jsonb, p_scope text, p_job text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; v_account text; v_end_user text;
begin
  select j.account_id, j.end_user into v_account, v_end_user from darkroom.jobs j where j.id = p_job;
  c := darkroom.identify(p_credential);
  if c.refusal is null and (v_account is null or c.end_user <> coalesce(v_end_user, '')) then c.refusal := 'not_found'; end if;
  if c.refusal is not null then return c; end if;
  if 'admin' = any (c.scopes) then
    c.account_id := v_account;
    perform set_config('app.account_id', v_account, true);
    return c;
  end if;
  return darkroom.authenticate(p_credential, p_scope, v_account);
end $$;
select darkroom.own('darkroom.authenticate_for_job(jsonb, text, text)', 'darkroom_system');

create function api.list_jobs(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'jobs', filter->>'account_id', filter->>'project_id');
  v_limit int := coalesce((filter->>'limit')::int, 20); v_ids text[];
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select array_agg(x.id order by x.id desc) into v_ids from (
    select j.id from darkroom.jobs j
     where j.account_id = c.account_id
       and (c.end_user is null or j.end_user = c.end_user)
       and (filter->>'status' is null or j.status = filter->>'status')
       and (filter->>'model' is null or j.model = filter->>'model')
       and (filter->>'project_id' is null or j.project_id = filter->>'project_id')
       and (filter->>'from' is null or j.created_at >= (filter->>'from')::timestamptz)
       and (filter->>'to' is null or j.created_at < (filter->>'to')::timestamptz)
       and (filter->>'cursor' is null or j.id < filter->>'cursor')
     order by j.id desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object(
    'data', (select coalesce(jsonb_agg(darkroom.job_json(j) order by j.id desc), '[]') from darkroom.jobs j where j.id = any (v_ids[1:v_limit])),
    'next_cursor', case when cardinality(v_ids) > v_limit then v_ids[v_limit] end));
end $$;

-- Runs at most once under an idempotency key of this account: null to go on, else the answer of before (the job as it is now).
create function darkroom.job_replay(c darkroom.caller, p_job text, p_idempotency jsonb, p_kind text) returns jsonb
language plpgsql as $$
declare v jsonb;
begin
  if p_idempotency->>'key' is null then return null; end if;
  if darkroom.remember(c.account_id, p_idempotency->>'key', p_idempotency->>'request_hash', p_kind, array[p_job]) then return null; end if;
  v := darkroom.replay(c.account_id, p_idempotency->>'key', p_idempotency->>'request_hash');
  if v ? 'refusal' then return v; end if;
  return (select darkroom.ok(jsonb_build_object('job', darkroom.job_json(j), 'lanes', '[]'::jsonb, 'replayed', true))
    from darkroom.jobs j where j.id = p_job and j.account_id = c.account_id);
end $$;

-- Lanes in which the provider must be told to cancel: a wake-up makes the worker do it.
create function darkroom.wake_cancels(p_job text) returns void language plpgsql as $$
declare v text;
begin
  for v in select distinct a.lane from darkroom.attempts a where a.job_id = p_job and a.cancel_requested and not a.cancel_sent
            and a.status in ('starting', 'submitted', 'submission_unknown') order by 1 loop
    perform darkroom.wake(v);
  end loop;
end $$;

create function api.cancel_job(credential jsonb, job_id text, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate_for_job(credential, 'jobs', job_id); j darkroom.jobs; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.job_replay(c, job_id, idempotency, 'cancel');
  if v is not null then return v; end if;
  select * into j from darkroom.jobs x where x.id = job_id for no key update;
  if not darkroom.is_terminal(j.status) then
    perform darkroom.conclude(job_id, 'canceled');
    perform darkroom.wake_cancels(job_id);
  end if;
  select * into j from darkroom.jobs x where x.id = job_id;
  return darkroom.ok(jsonb_build_object('job', darkroom.job_json(j), 'lanes', darkroom.woken(), 'replayed', false));
end $$;

-- Approve or reject a held preview. The final's deadline starts at approval.
create function api.review_job(credential jsonb, job_id text, decision text, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate_for_job(credential, 'jobs', job_id); j darkroom.jobs; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into j from darkroom.jobs x where x.id = job_id for no key update;
  v := darkroom.replay(c.account_id, idempotency->>'key', idempotency->>'request_hash');
  if v is null and j.status <> 'preview_ready' then
    return darkroom.refuse('invalid_state', format('The job is %s, not preview_ready.', j.status), jsonb_build_object('status', j.status));
  end if;
  v := darkroom.job_replay(c, job_id, idempotency, decision);
  if v is not null then return v; end if;
  if decision = 'approve' then
    update darkroom.jobs x set deadline_at = darkroom.now() + make_interval(secs => x.deadline_seconds), held_until = null where x.id = job_id;
    perform darkroom.begin_final(job_id);
  else
    perform darkroom.conclude(job_id, 'canceled');
  end if;
  select * into j from darkroom.jobs x where x.id = job_id;
  return darkroom.ok(jsonb_build_object('job', darkroom.job_json(j), 'lanes', darkroom.woken(), 'replayed', false));
end $$;

-- Forgets what a job was about: prompt, assets, metadata. Never the books. Only once it has ended; what is still on its way
-- is forgotten when it comes.
create function api.delete_job(credential jsonb, job_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate_for_job(credential, 'jobs', job_id); j darkroom.jobs;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into j from darkroom.jobs x where x.id = job_id for no key update;
  if not darkroom.is_terminal(j.status) then
    return darkroom.refuse('invalid_state', format('The job is still %s; cancel it first.', j.status), jsonb_build_object('status', j.status));
  end if;
  perform darkroom.forget_outputs(j.id);
  update darkroom.jobs x set input = '{}', metadata = '{}', end_user = null, webhook_url = null, deleted_at = coalesce(x.deleted_at, darkroom.now()) where x.id = job_id;
  update darkroom.deliveries d set body = '{}', status = case d.status when 'pending' then 'superseded' else d.status end, due_at = null where d.job_id = j.id;
  return darkroom.ok('{}');
end $$;

-- The stream of a job, behind its own unguessable token: what happened after a version, and the job as it is.
create function api.job_events(job_id text, token text, after_version int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare j darkroom.jobs;
begin
  select * into j from darkroom.jobs x where x.id = job_id and x.events_token = token;
  if not found then return darkroom.refuse('not_found'); end if;
  return darkroom.ok(jsonb_build_object('job', darkroom.job_json(j), 'events', (
    select coalesce(jsonb_agg(jsonb_build_object('version', e.version, 'type', e.type, 'from', e.from_status, 'status', e.to_status, 'data', e.data,
        'at', darkroom.iso(e.at)) order by e.version), '[]')
      from darkroom.job_history e where e.job_id = j.id and e.version > after_version)));
end $$;

-- One list from acceptance to the last delivery.
create function api.job_timeline(credential jsonb, job_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate_for_job(credential, 'jobs', job_id);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select coalesce(jsonb_agg(jsonb_build_object('at', darkroom.iso(t.at), 'type', t.type) || t.data order by t.at, t.step, t.n), '[]') from (
    select e.at, 1 as step, e.version::bigint as n, case when e.version = 1 then 'accepted' else 'status' end as type,
        jsonb_strip_nulls(jsonb_build_object('status', e.to_status, 'from', e.from_status, 'version', e.version)) as data
      from darkroom.job_history e where e.job_id = job_timeline.job_id
    union all select p.enqueued_at, 2, p.id, 'queued', jsonb_build_object('lane', p.lane, 'stage', p.stage, 'part', p.number)
      from darkroom.parts p where p.job_id = job_timeline.job_id
    union all select a.started_at, 3, a.fence, 'attempt_started', jsonb_build_object('attempt_id', a.id, 'stage', a.stage, 'provider', a.provider,
        'provider_model', a.provider_model, 'credential', a.credential) from darkroom.attempts a where a.job_id = job_timeline.job_id
    union all select o.at, 4, o.n, 'stored', jsonb_build_object('output_id', o.id, 'attempt_id', o.attempt_id, 'kind', o.kind, 'bytes', o.bytes)
      from darkroom.outputs o where o.job_id = job_timeline.job_id
    union all select a.finished_at, 5, a.fence, 'attempt_ended', jsonb_strip_nulls(jsonb_build_object('attempt_id', a.id, 'status', a.status, 'error', a.error - '{class,suggestions}'::text[]))
      from darkroom.attempts a where a.job_id = job_timeline.job_id and a.finished_at is not null
    union all select m.at, 6, 0, 'callback', jsonb_build_object('message_id', m.message_id)
      from darkroom.consumed_messages m where m.source = 'callback' and m.message_id in
        (select 'cb_' || a.id || '_' || a.status from darkroom.attempts a where a.job_id = job_timeline.job_id)
    union all select e.at, 7, e.version, 'ledger', jsonb_build_object('transfer', e.transfer, 'ledger', e.ledger, 'amount', e.amount, 'balance', e.balance, 'kind', e.kind)
      from darkroom.entries e where e.ref = job_timeline.job_id
    union all select t.at, 8, t.number, 'delivery', jsonb_strip_nulls(jsonb_build_object('delivery_id', d.id, 'event', d.event, 'http_status', t.http_status, 'error', t.error))
      from darkroom.delivery_tries t join darkroom.deliveries d on d.id = t.delivery_id where d.job_id = job_timeline.job_id
  ) t));
end $$;

select darkroom.expose('api.get_job(jsonb,text)', 'darkroom_account', 'submit');
select darkroom.expose('api.list_jobs(jsonb,jsonb)', 'darkroom_account', 'submit');
select darkroom.expose('api.cancel_job(jsonb,text,jsonb)', 'darkroom_account', 'submit');
select darkroom.expose('api.review_job(jsonb,text,text,jsonb)', 'darkroom_account', 'submit');
select darkroom.expose('api.delete_job(jsonb,text)', 'darkroom_account', 'submit');
select darkroom.expose('api.job_events(text,text,int)', 'darkroom_system', 'submit');
select darkroom.expose('api.job_timeline(jsonb,text)', 'darkroom_account', 'submit');
