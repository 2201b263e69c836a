-- Readiness, statistics of providers, deliveries to partners, and what the keys Worker asks.

-- The newest migration, as the Supabase CLI keeps them; null where something else applied them.
create function darkroom.newest_migration() returns text language plpgsql stable as $$
begin
  return (select max(m.version) from supabase_migrations.schema_migrations m);
exception when undefined_table or insufficient_privilege then return null;
end $$;
do $$
begin
  grant usage on schema supabase_migrations to darkroom_system;
  grant select on supabase_migrations.schema_migrations to darkroom_system;
exception when invalid_schema_name or undefined_table or insufficient_privilege then null;
end $$;

create function api.ready() returns jsonb language sql stable security definer set search_path = '' as $$
  select darkroom.ok(jsonb_build_object('clock', darkroom.iso(darkroom.now()), 'migration', darkroom.newest_migration(),
    'oldest_wakeup_seconds', (select extract(epoch from darkroom.now() - min(o.created_at))::int from darkroom.outbox o where o.due_at <= darkroom.now()),
    'oldest_delivery_seconds', (select greatest(0, extract(epoch from darkroom.now() - min(d.due_at)))::int from darkroom.deliveries d where d.status = 'pending'),
    'oldest_overdue_seconds', (select extract(epoch from darkroom.now() - min(a.next_check_at))::int from darkroom.attempts a where a.next_check_at < darkroom.now())))
$$;

-- Whether a credential opens anything, and what: for what everybody may read who has one (after RFC 7662).
create function api.introspect(credential jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.identify(credential);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok(jsonb_build_object('account_id', c.account_id, 'scopes', c.scopes));
end $$;

-- Per provider, over its newest thousand attempts.
create function api.provider_stats(credential jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.identify(credential);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select coalesce(jsonb_agg(jsonb_build_object('provider', p.provider, 'available', p.available, 'uses', t.uses, 'successes', t.successes,
      'failures', t.failures, 'mean_ms', t.mean_ms, 'p95_ms', t.p95_ms, 'last_used_at', darkroom.iso(t.last_used_at)) order by p.provider), '[]')
    from (select k.provider_name as provider, bool_or(k.is_active and k.state = 'active') as available from darkroom.provider_api_keys k
           where k.deleted_at is null and (k.owner_kind = 'platform' or k.account_id = c.account_id) group by 1) p
    cross join lateral (
      select count(*) as uses, count(*) filter (where x.status = 'succeeded') as successes, count(*) filter (where x.status = 'failed') as failures,
          round(avg(x.ms) filter (where x.status = 'succeeded')) as mean_ms,
          round((percentile_cont(0.95) within group (order by x.ms) filter (where x.status = 'succeeded'))::numeric) as p95_ms, max(x.started_at) as last_used_at
        from (select a.status, a.started_at, extract(epoch from a.finished_at - a.started_at) * 1000 as ms from darkroom.attempts a
               where a.provider = p.provider order by a.started_at desc limit 1000) x) t));
end $$;

-- Messages to send now, leased for a minute by moving their due time; a try counts once it is recorded. What is sent is fixed; when and with
-- which signature is not.
create function api.due_deliveries(max int) returns jsonb language sql volatile security definer set search_path = '' as $$
  with due as (
    select d.id from darkroom.deliveries d where d.status = 'pending' and d.due_at <= darkroom.now() order by d.due_at limit max for no key update skip locked),
  leased as (update darkroom.deliveries d set due_at = darkroom.now() + interval '60 seconds' from due where d.id = due.id returning d.*)
  select darkroom.ok(coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'attempt', l.tries + 1, 'url', l.url, 'body', l.body,
      'account_id', l.account_id, 'secret_version', a.webhook_secret_version)), '[]'))
    from leased l join darkroom.accounts a on a.id = l.account_id
$$;

-- 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h (Standard Webhooks), each ± 20 %.
create function darkroom.delivery_delay(p_try int) returns interval language sql volatile as $$
  select (array[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400])[p_try] * (0.8 + 0.4 * random()) * interval '1 second'
$$;

create function api.record_delivery(id text, attempt int, result jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare d darkroom.deliveries; v_ok boolean := (result->>'http_status')::int between 200 and 299; v_delay interval := darkroom.delivery_delay(attempt);
begin
  insert into darkroom.delivery_tries (delivery_id, number, http_status, ms, error, request, response)
    values (record_delivery.id, attempt, (result->>'http_status')::int, (result->>'ms')::int, result->>'error', result->'request', result->'response')
    on conflict do nothing;
  if v_delay is not null and result->>'retry_after_seconds' is not null then
    v_delay := greatest(v_delay, least(86400, (result->>'retry_after_seconds')::numeric) * interval '1 second');
  end if;
  update darkroom.deliveries x set tries = attempt,
      status = case when v_ok then 'delivered' when (result->>'gone')::boolean then 'gone' when v_delay is null then 'exhausted' else 'pending' end,
      delivered_at = case when v_ok then darkroom.now() end,
      due_at = case when v_ok or (result->>'gone')::boolean then null else darkroom.now() + v_delay end
   where x.id = record_delivery.id and x.status = 'pending' and x.tries = attempt - 1 returning * into d;
  if not found then            -- it was superseded or called off meanwhile, or another caller has sent this try, too
    update darkroom.deliveries x set tries = attempt where x.id = record_delivery.id and x.status <> 'pending' and x.tries = attempt - 1;
    select * into d from darkroom.deliveries x where x.id = record_delivery.id;
  end if;
  return darkroom.ok(jsonb_build_object('status', d.status));
end $$;

create function api.default_webhook(credential jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'webhooks');
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select jsonb_build_object('account_id', a.id, 'secret_version', a.webhook_secret_version) from darkroom.accounts a where a.id = c.account_id));
end $$;

create function darkroom.delivery_json(d darkroom.deliveries, p_whole boolean) returns jsonb language sql stable as $$
  select jsonb_build_object('id', d.id, 'event', d.event, 'job_id', d.job_id, 'endpoint', coalesce(d.endpoint, 'webhook_url'), 'url', d.url, 'status', d.status,
      'created_at', darkroom.iso(d.created_at), 'next_attempt_at', darkroom.iso(d.due_at), 'attempts', (
        select coalesce(jsonb_agg(jsonb_build_object('at', darkroom.iso(t.at), 'http_status', t.http_status, 'ms', t.ms, 'error', t.error)
            || case when p_whole then jsonb_build_object('request', t.request, 'response', t.response) else '{}' end order by t.number), '[]')
          from darkroom.delivery_tries t where t.delivery_id = d.id))
    || case when p_whole then jsonb_build_object('body', d.body) else '{}' end
$$;

create function api.list_deliveries(credential jsonb, filter jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'webhooks', filter->>'account_id'); v_limit int := coalesce((filter->>'limit')::int, 20); v_ids text[];
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select array_agg(x.id order by x.id desc) into v_ids from (
    select d.id from darkroom.deliveries d where d.account_id = c.account_id and (filter->>'job' is null or d.job_id = filter->>'job')
       and (filter->>'endpoint' is null or coalesce(d.endpoint, 'webhook_url') = filter->>'endpoint')
       and (filter->>'status' is null or d.status = filter->>'status') and (filter->>'cursor' is null or d.id < filter->>'cursor')
     order by d.id desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object('data', (select coalesce(jsonb_agg(darkroom.delivery_json(d, false) order by d.id desc), '[]')
    from darkroom.deliveries d where d.id = any (v_ids[1:v_limit])), 'next_cursor', case when cardinality(v_ids) > v_limit then v_ids[v_limit] end));
end $$;

create function api.get_delivery(credential jsonb, id text) returns jsonb language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'webhooks'); d darkroom.deliveries;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into d from darkroom.deliveries x where x.id = get_delivery.id and x.account_id = c.account_id;
  if not found then return darkroom.refuse('not_found'); end if;
  return darkroom.ok(darkroom.delivery_json(d, true));
end $$;

-- Sends a message again, now, under its old id.
create function api.replay_delivery(credential jsonb, id text, idempotency jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'webhooks'); v jsonb; d darkroom.deliveries;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is null then
    update darkroom.deliveries x set status = 'pending', due_at = darkroom.now(), delivered_at = null
     where x.id = replay_delivery.id and x.account_id = c.account_id and x.body <> '{}';
    if not found then return darkroom.refuse('not_found'); end if;
    perform darkroom.made(c, idempotency, 'delivery', id);
  end if;
  select * into d from darkroom.deliveries x where x.id = replay_delivery.id and x.account_id = c.account_id;
  return darkroom.ok(darkroom.delivery_json(d, false) || jsonb_build_object('replayed', v is not null));
end $$;

-- Makes the platform's rows match the environment: one row per key, matched by fingerprint; a key that is gone stops being picked.
create function api.mirror_environment(keys jsonb) returns jsonb language plpgsql security definer set search_path = '' as $$
declare v_added int; v_removed int;
begin
  perform pg_advisory_xact_lock(hashtextextended('mirror_environment', 0));
  update darkroom.provider_api_keys k set deleted_at = darkroom.now()
   where k.source = 'environment' and k.deleted_at is null and not exists (
     select from jsonb_to_recordset(keys) as n (env_name text, profile text, fingerprint text)
      where n.env_name = k.env_name and n.profile is not distinct from k.provider_key and n.fingerprint = k.fingerprint);
  get diagnostics v_removed = row_count;
  -- Whoever waits for a key that is gone must learn it.
  perform darkroom.wake_lanes_of(k) from darkroom.provider_api_keys k where k.source = 'environment' and k.deleted_at = darkroom.now();
  insert into darkroom.provider_api_keys (provider_name, provider_key, owner_kind, owner_id, source, env_name, last4, fingerprint, name, max_concurrency)
    select n.provider, n.profile, 'platform', 'platform', 'environment', n.env_name, n.last4, n.fingerprint, n.env_name, coalesce(n.max_concurrency, 20)
      from jsonb_to_recordset(keys) as n (provider text, profile text, env_name text, fingerprint text, last4 text, max_concurrency int)
    on conflict do nothing;
  get diagnostics v_added = row_count;
  update darkroom.provider_api_keys k set max_concurrency = n.max_concurrency
    from jsonb_to_recordset(keys) as n (env_name text, profile text, max_concurrency int)
   where k.source = 'environment' and k.deleted_at is null and k.env_name = n.env_name and n.profile is not distinct from k.provider_key
     and n.max_concurrency is not null and n.max_concurrency <> k.max_concurrency;
  return darkroom.ok(jsonb_build_object('added', v_added, 'removed', v_removed));
end $$;

select darkroom.expose('api.ready()', 'darkroom_system', 'submit');
select darkroom.expose('api.introspect(jsonb)', 'darkroom_system', 'submit');
select darkroom.expose('api.provider_stats(jsonb)', 'darkroom_system', 'submit');
select darkroom.expose('api.due_deliveries(int)', 'darkroom_system', 'callback');
select darkroom.expose('api.record_delivery(text,int,jsonb)', 'darkroom_system', 'callback');
select darkroom.expose('api.default_webhook(jsonb)', 'darkroom_account', 'callback');
select darkroom.expose('api.list_deliveries(jsonb,jsonb)', 'darkroom_account', 'callback');
select darkroom.expose('api.get_delivery(jsonb,text)', 'darkroom_account', 'callback');
select darkroom.expose('api.replay_delivery(jsonb,text,jsonb)', 'darkroom_account', 'callback');
select darkroom.expose('api.mirror_environment(jsonb)', 'darkroom_system', 'keys');
