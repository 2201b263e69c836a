-- Adding and reading providers' keys. The Worker seals before it inserts, so it asks for id, owner and version first.

-- request: {provider, scope?, scope_id?} for a new key, {id, idempotency?} for the next version of one. What the seal is bound to, and another
-- envelope of the same owner, whose data key is used again. `answered`: there is nothing to seal, the next call was answered before.
create function api.prepare_provider_key(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; k darkroom.provider_api_keys;
begin
  if request->>'id' is null then c := darkroom.enter_scope(credential, 'manage', request->>'scope', request->>'scope_id');
  else c := darkroom.enter_provider_key(credential, 'manage', request->>'id'); end if;
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into k from darkroom.provider_api_keys x where x.id = request->>'id';
  if k.source <> 'sealed' then return darkroom.refuse('invalid_state', 'This key is not stored here and cannot be replaced.'); end if;
  return darkroom.ok(jsonb_build_object('id', coalesce(k.id, darkroom.new_id('key')), 'version', coalesce(k.version, 0) + 1,
    'owner', c.owner_kind || ':' || c.owner_id, 'provider', coalesce(k.provider_name, request->>'provider'), 'sibling', darkroom.sibling_seal(c),
    'answered', darkroom.made_before(c, request->'idempotency') is not null));
end $$;

create function darkroom.sibling_seal(c darkroom.caller) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select s.api_key from darkroom.provider_api_keys k join darkroom.sealed_keys s on s.key_id = k.id and s.version = k.version
    where k.owner_kind = c.owner_kind and k.owner_id = c.owner_id and k.deleted_at is null order by k.id desc limit 1);
end $$;

-- One version with its ciphertext, or without where that was put elsewhere. Settings that are envelopes go with the ciphertext.
create function darkroom.store_version(k darkroom.provider_api_keys, p_request jsonb, p_by text) returns void
language plpgsql security definer set search_path = '' as $$
declare v_config jsonb := coalesce(nullif(p_request->'additional_config', 'null'), '{}'); v_secret jsonb := darkroom.sealed_fields(v_config);
begin
  insert into darkroom.provider_key_versions (key_id, version, account_id, stored, additional_config, secret_fields, last4, fingerprint, created_by)
    values (k.id, k.version, k.account_id, case when p_request->>'api_key' is null then 'elsewhere' else 'here' end,
      v_config - array(select jsonb_object_keys(v_secret)), array(select jsonb_object_keys(v_secret)), k.last4, k.fingerprint, p_by);
  if p_request->>'api_key' is not null then
    insert into darkroom.sealed_keys (key_id, version, owner, api_key, api_secret, config)
      values (k.id, k.version, k.owner_kind || ':' || k.owner_id, p_request->>'api_key', p_request->>'api_secret', v_secret);
  end if;
end $$;

-- request: {id, provider, profile?, scope?, scope_id?, name?, priority?, max_concurrency?, last4, fingerprint, api_key, api_secret?,
-- additional_config?}, all secrets sealed. `api_key` null: the ciphertext was put into the keys' own database before.
create function api.create_provider_key(credential jsonb, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', request->>'scope', request->>'scope_id'); k darkroom.provider_api_keys; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    select * into k from darkroom.provider_api_keys x where x.id = v->'object_ids'->>0;
    return darkroom.ok(darkroom.provider_key_json(k) || '{"replayed": true}');
  end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  k.id := request->>'id'; k.owner_kind := c.owner_kind; k.owner_id := c.owner_id; k.provider_key := request->>'profile'; k.fingerprint := request->>'fingerprint';
  v := darkroom.same_key(k);
  if v is not null then return v; end if;
  insert into darkroom.provider_api_keys (id, provider_key, provider_name, owner_kind, owner_id, account_id, name, last4, fingerprint, priority, max_concurrency, endpoint)
    values (k.id, k.provider_key, request->>'provider', k.owner_kind, k.owner_id, case when c.owner_kind <> 'platform' then c.account_id end,
      coalesce(request->>'name', ''), request->>'last4', k.fingerprint, coalesce((request->>'priority')::int, 0), coalesce((request->>'max_concurrency')::int, 10),
      darkroom.address(request->'additional_config'->>'endpoint_url'))
    returning * into k;
  perform darkroom.store_version(k, request, c.actor), darkroom.made(c, idempotency, 'provider_key', k.id);
  perform darkroom.sync_endpoint(k.owner_kind, k.owner_id, k.account_id, k.provider_name), darkroom.wake_key(k.id);
  perform darkroom.audit(c, k.account_id, 'provider_key.created', 'provider_key', k.id, null, darkroom.provider_key_audit(k));
  perform darkroom.note_event(k.account_id, 'provider_key.created', jsonb_build_object('id', k.id, 'provider', k.provider_name));
  return darkroom.ok(darkroom.provider_key_json(k) || '{"replayed": false}');
end $$;

-- filter: {scope?, scope_id?, provider?, profile?, limit?, cursor?}. Without a scope: all of the caller's account, its projects' too.
create function api.list_provider_keys(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_scope(credential, 'read', filter->>'scope', filter->>'scope_id');
  v_limit int := coalesce((filter->>'limit')::int, 50); v_ids text[];
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select array_agg(x.id order by x.id desc) into v_ids from (
    select k.id from darkroom.provider_api_keys k
     where k.deleted_at is null
       and case when c.owner_kind = 'platform' then k.owner_kind = 'platform' else k.account_id = c.account_id end
       and (filter->>'scope' is null or k.owner_kind = c.owner_kind and k.owner_id = c.owner_id)
       and (filter->>'provider' is null or k.provider_name = filter->>'provider')
       and (filter->>'profile' is null or k.provider_key = filter->>'profile')
       and (filter->>'cursor' is null or k.id < filter->>'cursor')
     order by k.id desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object(
    'data', (select coalesce(jsonb_agg(darkroom.provider_key_json(k) order by k.id desc), '[]') from darkroom.provider_api_keys k where k.id = any (v_ids[1:v_limit])),
    'next_cursor', case when cardinality(v_ids) > v_limit then v_ids[v_limit] end));
end $$;

-- With what happened to it: the newest 20 changes of its state.
create function api.get_provider_key(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'read', id);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select darkroom.provider_key_json(k) || jsonb_build_object('events', darkroom.key_events_json(k.id))
    from darkroom.provider_api_keys k where k.id = get_provider_key.id));
end $$;

-- A stored key with its envelopes, for those who may manage it: to test it, or to seal its settings anew.
create function api.open_provider_key(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'manage', id); k darkroom.provider_api_keys;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into k from darkroom.provider_api_keys x where x.id = open_provider_key.id;
  return darkroom.ok(darkroom.key_material(k.id, k.version));
end $$;

select darkroom.own('darkroom.sibling_seal(darkroom.caller)', 'darkroom_system');
select darkroom.own('darkroom.store_version(darkroom.provider_api_keys, jsonb, text)', 'darkroom_system');
select darkroom.expose('api.prepare_provider_key(jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.create_provider_key(jsonb,jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_provider_keys(jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.get_provider_key(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.open_provider_key(jsonb,text)', 'darkroom_account', 'keys');
