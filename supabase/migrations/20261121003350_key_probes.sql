-- Which ciphertext opens a key, and asking the provider whether a key that is out of service works again.

-- A key as it is stored, in the version that is asked for: what the Worker opens. `stored` says whether the envelopes lie elsewhere;
-- `fingerprint` lets it see that a variable of the environment still holds the same key. Null: that version was wiped.
create function darkroom.key_material(p_key text, p_version int) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare k darkroom.provider_api_keys; v darkroom.provider_key_versions; s darkroom.sealed_keys;
begin
  select * into k from darkroom.provider_api_keys x where x.id = p_key;
  select * into v from darkroom.provider_key_versions x where x.key_id = p_key and x.version = p_version;
  if k.id is null or v.wiped_at is not null or k.source = 'sealed' and v.key_id is null then return null; end if;
  select * into s from darkroom.sealed_keys x where x.key_id = p_key and x.version = p_version;
  return jsonb_build_object('key_id', k.id, 'version', p_version, 'provider', k.provider_name, 'owner', k.owner_kind || ':' || k.owner_id,
    'source', k.source, 'stored', coalesce(v.stored, 'here'), 'env_name', k.env_name, 'fingerprint', coalesce(v.fingerprint, k.fingerprint),
    'api_key', s.api_key, 'api_secret', s.api_secret, 'additional_config', coalesce(v.additional_config, '{}') || coalesce(s.config, '{}'));
end $$;

-- The key that an attempt pins: for the attempt that runs or has just ended, under its fence, and nobody else.
create function api.key_for_attempt(attempt_id text, fence bigint) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare a darkroom.attempts; v jsonb;
begin
  select * into a from darkroom.attempts x where x.id = attempt_id and x.fence = key_for_attempt.fence
     and (x.status in ('starting', 'submitted', 'submission_unknown') or x.finished_at > darkroom.now() - interval '1 hour');  -- late webhooks are verified too
  if not found then return darkroom.refuse('not_found', 'No such attempt is running.'); end if;
  v := darkroom.key_material(a.key_id, a.key_version);
  if v is null then return darkroom.refuse('not_found', 'The key of this attempt is gone.'); end if;
  return darkroom.ok(v);
end $$;

-- Keys out of service whose time to be asked has come, each with what opens it. Leased by moving that time.
create function api.due_probes(max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare v jsonb;
begin
  with due as (
    select x.id from darkroom.provider_api_keys x
     where x.probe_at <= darkroom.now() and x.is_active and x.deleted_at is null order by x.probe_at limit max for no key update skip locked),
  leased as (update darkroom.provider_api_keys x set probes = x.probes + 1,
      probe_at = darkroom.now() + darkroom.probe_delay(x.probes + 1) from due where x.id = due.id returning x.*)
  select coalesce(jsonb_agg(m.material || jsonb_build_object('state', l.state)) filter (where m.material is not null), '[]') into v
    from leased l cross join lateral darkroom.key_material(l.id, l.version) m (material);
  return darkroom.ok(v);
end $$;

-- What the provider said: {result: "valid" | "invalid" | "out_of_credit" | "unreachable", message?, retry_after_seconds?}. Only of the version
-- that was asked about; an unreachable provider says nothing about a key.
create function darkroom.judge_key(p_key text, p_version int, p_result jsonb) returns darkroom.provider_api_keys
language plpgsql security definer set search_path = '' as $$
declare k darkroom.provider_api_keys; v_state text := case p_result->>'result' when 'valid' then 'active' when 'invalid' then 'disabled' when 'out_of_credit' then 'out_of_credit' end;
begin
  update darkroom.provider_api_keys x set state = coalesce(v_state, x.state),
      state_reason = case when v_state in ('disabled', 'out_of_credit') then left(p_result->>'message', 500) else x.state_reason end
   where x.id = p_key and x.version = p_version and x.deleted_at is null returning * into k;
  if p_result->>'retry_after_seconds' is not null then
    update darkroom.provider_api_keys x set probe_at = greatest(x.probe_at, darkroom.now() + least(86400, (p_result->>'retry_after_seconds')::numeric) * interval '1 second')
     where x.id = k.id and x.probe_at is not null;
  end if;
  if v_state is not null and k.id is not null then perform darkroom.wake_lanes_of(k); end if;
  return k;
end $$;

create function api.record_probe(key_id text, version int, result jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare k darkroom.provider_api_keys := darkroom.judge_key(key_id, version, result);
begin
  return darkroom.ok(jsonb_build_object('recorded', k.id is not null, 'state', k.state, 'lanes', darkroom.woken()));
end $$;

-- The same, of a test that somebody asked for.
create function api.record_key_test(credential jsonb, id text, version int, result jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'manage', id); k darkroom.provider_api_keys;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  k := darkroom.judge_key(id, version, result);
  perform darkroom.audit(c, case when c.owner_kind <> 'platform' then c.account_id end, 'provider_key.tested', 'provider_key', id, null,
    jsonb_build_object('result', result->>'result', 'version', version));
  return darkroom.ok((select darkroom.provider_key_json(x) from darkroom.provider_api_keys x where x.id = record_key_test.id));
end $$;

-- Wipes what can be wiped here, and names what the Worker must wipe in the keys' own database: [{key_id, version}], until it says it has.
create function api.due_wipes(max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform darkroom.wipe_versions(null, max);
  return darkroom.ok((select coalesce(jsonb_agg(jsonb_build_object('key_id', v.key_id, 'version', v.version)), '[]') from (
    select * from darkroom.provider_key_versions x where x.retired_at is not null and x.wiped_at is null and x.stored = 'elsewhere'
       and not exists (select from darkroom.attempts a where a.key_id = x.key_id and a.key_version = x.version
         and a.status in ('starting', 'submitted', 'submission_unknown')) order by x.retired_at limit max) v));
end $$;

create function api.record_wiped(key_id text, version int) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  update darkroom.provider_key_versions x set wiped_at = darkroom.now()
   where x.key_id = record_wiped.key_id and x.version = record_wiped.version and x.retired_at is not null and x.wiped_at is null;
  return darkroom.ok(jsonb_build_object('recorded', found));
end $$;

select darkroom.own('darkroom.key_material(text, int)', 'darkroom_system');
select darkroom.own('darkroom.judge_key(text, int, jsonb)', 'darkroom_system');
select darkroom.expose('api.key_for_attempt(text,bigint)', 'darkroom_system', 'keys');
select darkroom.expose('api.due_probes(int)', 'darkroom_system', 'keys');
select darkroom.expose('api.record_probe(text,int,jsonb)', 'darkroom_system', 'keys');
select darkroom.expose('api.record_key_test(jsonb,text,int,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.due_wipes(int)', 'darkroom_system', 'keys');
select darkroom.expose('api.record_wiped(text,int)', 'darkroom_system', 'keys');
