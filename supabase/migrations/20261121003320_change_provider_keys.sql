-- Changing, replacing, deleting and reordering providers' keys. Running attempts keep the version that they started with.

-- patch: {name?, priority?, is_active?, max_concurrency?, profile?, additional_config?}. Settings are replaced as a whole, but for the address:
-- a key goes nowhere but where whoever had it in hand sent it. Activating a key that is out of service puts it back.
create function api.patch_provider_key(credential jsonb, id text, patch jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'manage', id); o darkroom.provider_api_keys; k darkroom.provider_api_keys; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  select * into o from darkroom.provider_api_keys x where x.id = patch_provider_key.id and x.deleted_at is null for no key update;
  if not found then return darkroom.refuse('not_found'); end if;
  k := o;
  if patch ? 'profile' then k.provider_key := patch->>'profile'; end if;
  if o.source <> 'sealed' and (k.provider_key is distinct from o.provider_key or patch ? 'additional_config') then
    return darkroom.refuse('invalid_state', 'This key is not stored here; its profile and settings stand where it does.');
  end if;
  v := coalesce(darkroom.same_key(k), darkroom.other_address(k, patch));
  if v is not null then return v; end if;
  update darkroom.provider_api_keys x set provider_key = k.provider_key, name = coalesce(patch->>'name', x.name),
      priority = coalesce((patch->>'priority')::int, x.priority), max_concurrency = coalesce((patch->>'max_concurrency')::int, x.max_concurrency),
      is_active = coalesce((patch->>'is_active')::boolean, x.is_active), state = case when (patch->>'is_active')::boolean then 'active' else x.state end
   where x.id = k.id returning * into k;
  if patch ? 'additional_config' then perform darkroom.store_config(k, patch); end if;
  perform darkroom.wake_key(k.id);
  perform darkroom.audit(c, k.account_id, 'provider_key.changed', 'provider_key', k.id,
    darkroom.provider_key_audit(o), darkroom.provider_key_audit(k) || case when patch ? 'additional_config' then '{"additional_config": "changed"}'::jsonb else '{}' end);
  perform darkroom.note_event(k.account_id, 'provider_key.changed', jsonb_build_object('id', k.id, 'provider', k.provider_name));
  return darkroom.ok(darkroom.provider_key_json(k));
end $$;

create function darkroom.other_address(k darkroom.provider_api_keys, p_patch jsonb) returns jsonb language plpgsql stable as $$
declare v_kept text;
begin
  if not p_patch ? 'additional_config' then return null; end if;
  select v.additional_config->>'endpoint_url' into v_kept from darkroom.provider_key_versions v where v.key_id = k.id and v.version = k.version;
  if v_kept is not distinct from p_patch->'additional_config'->>'endpoint_url' then return null; end if;
  return darkroom.refuse('invalid_state', 'A key is sent to the address that it was kept with. To change additional_config.endpoint_url, send the key again: POST /v1/provider-keys/'
    || k.id || '/replace.');
end $$;

create function darkroom.store_config(k darkroom.provider_api_keys, p_patch jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare v_config jsonb := coalesce(nullif(p_patch->'additional_config', 'null'), '{}'); v_secret jsonb := darkroom.sealed_fields(v_config);
begin
  update darkroom.provider_key_versions x set additional_config = v_config - array(select jsonb_object_keys(v_secret)),
      secret_fields = array(select jsonb_object_keys(v_secret)) where x.key_id = k.id and x.version = k.version;
  update darkroom.sealed_keys s set config = v_secret, changed_at = now()
   where s.key_id = k.id and s.version = k.version;
end $$;

-- request: {version, last4, fingerprint, api_key | null, api_secret?, additional_config?}; `version` as prepare_provider_key said. Of a
-- request that was answered before it is not read.
create function api.replace_provider_key(credential jsonb, id text, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'manage', id); o darkroom.provider_api_keys; k darkroom.provider_api_keys; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    return darkroom.ok((select darkroom.provider_key_json(x) || '{"replayed": true}' from darkroom.provider_api_keys x where x.id = replace_provider_key.id));
  end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  select * into o from darkroom.provider_api_keys x where x.id = replace_provider_key.id and x.deleted_at is null for no key update;
  if not found then return darkroom.refuse('not_found'); end if;
  if o.source <> 'sealed' then return darkroom.refuse('invalid_state', 'This key is not stored here and cannot be replaced.'); end if;
  if (request->>'version')::int <> o.version + 1 then return darkroom.refuse('conflict', 'Somebody replaced this key meanwhile.'); end if;
  k := o; k.fingerprint := request->>'fingerprint';
  v := darkroom.same_key(k);
  if v is not null then return v; end if;
  update darkroom.provider_api_keys x set version = o.version + 1, last4 = request->>'last4', fingerprint = k.fingerprint, state = 'active',
      endpoint = darkroom.address(request->'additional_config'->>'endpoint_url') where x.id = k.id returning * into k;
  perform darkroom.store_version(k, request, c.actor), darkroom.made(c, idempotency, 'provider_key', k.id);
  update darkroom.provider_key_versions x set retired_at = darkroom.now() where x.key_id = k.id and x.version < k.version and x.retired_at is null;
  perform darkroom.sync_endpoint(k.owner_kind, k.owner_id, k.account_id, k.provider_name), darkroom.wipe_versions(k.id), darkroom.wake_key(k.id);
  perform darkroom.audit(c, k.account_id, 'provider_key.replaced', 'provider_key', k.id, darkroom.provider_key_audit(o), darkroom.provider_key_audit(k));
  perform darkroom.note_event(k.account_id, 'provider_key.changed', jsonb_build_object('id', k.id, 'provider', k.provider_name));
  return darkroom.ok(darkroom.provider_key_json(k) || '{"replayed": false}');
end $$;

-- Stops picks at once. `draining` is how many attempts still run with it; its ciphertext goes when the last one has ended.
create function api.delete_provider_key(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'manage', id); k darkroom.provider_api_keys;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  select * into k from darkroom.provider_api_keys x where x.id = delete_provider_key.id and x.deleted_at is null for no key update;
  if not found then return darkroom.refuse('not_found'); end if;
  if k.source <> 'sealed' then
    return darkroom.refuse('invalid_state', case k.source when 'environment' then 'This key stands in the environment; take it out there.'
      else 'This is a custom endpoint; take it out of the settings.' end);
  end if;
  perform darkroom.retire_key(c, k), darkroom.sync_endpoint(k.owner_kind, k.owner_id, k.account_id, k.provider_name);
  return darkroom.ok(jsonb_build_object('id', k.id, 'object', 'provider_key', 'deleted', true, 'draining', (darkroom.provider_key_json(k)->>'running')::int));
end $$;

-- Priorities in the order of `ids`, the first highest. All keys must be of one owner; those that are not named keep their places below.
create function api.reorder_provider_keys(credential jsonb, ids jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_provider_key(credential, 'manage', ids->>0); v_ids text[] := darkroom.text_array(ids); k darkroom.provider_api_keys; o darkroom.provider_api_keys;
  v_others int; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then return darkroom.ordered_keys(v_ids, true); end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  if (select count(distinct x) from unnest(v_ids) x) <> cardinality(v_ids) then return darkroom.refuse('invalid_input', 'A key is named twice.'); end if;
  if (select count(*) from darkroom.provider_api_keys x where x.id = any (v_ids) and x.owner_kind = c.owner_kind and x.owner_id = c.owner_id
      and x.deleted_at is null) <> cardinality(v_ids) then return darkroom.refuse('not_found', 'All keys must be of one owner.'); end if;
  select coalesce(max(x.priority), 0) into v_others from darkroom.provider_api_keys x
   where x.owner_kind = c.owner_kind and x.owner_id = c.owner_id and x.deleted_at is null and not x.id = any (v_ids)
     and x.provider_name in (select y.provider_name from darkroom.provider_api_keys y where y.id = any (v_ids));
  for o in select * from darkroom.provider_api_keys x where x.id = any (v_ids) order by x.id for no key update loop
    update darkroom.provider_api_keys x set priority = v_others + cardinality(v_ids) - array_position(v_ids, x.id) + 1
     where x.id = o.id returning * into k;
    perform darkroom.audit(c, k.account_id, 'provider_key.changed', 'provider_key', k.id, darkroom.provider_key_audit(o), darkroom.provider_key_audit(k));
  end loop;
  perform darkroom.note_event(k.account_id, 'provider_key.changed', jsonb_build_object('ids', ids));
  perform darkroom.made(c, idempotency, 'provider_key', v_ids[1]);
  return darkroom.ordered_keys(v_ids, false);
end $$;

create function darkroom.ordered_keys(p_ids text[], p_replayed boolean) returns jsonb language sql stable as $$
  select darkroom.ok(jsonb_build_object('next_cursor', null, 'replayed', p_replayed, 'data', (
    select coalesce(jsonb_agg(darkroom.provider_key_json(x) order by array_position(p_ids, x.id)), '[]') from darkroom.provider_api_keys x where x.id = any (p_ids))))
$$;

select darkroom.own('darkroom.store_config(darkroom.provider_api_keys, jsonb)', 'darkroom_system');
select darkroom.expose('api.patch_provider_key(jsonb,text,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.replace_provider_key(jsonb,text,jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.delete_provider_key(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.reorder_provider_keys(jsonb,jsonb,jsonb)', 'darkroom_account', 'keys');
