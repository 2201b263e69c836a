-- Which provider, model and endpoint an operation goes to, per project, organisation and user. A version is what its ETag says.

create function darkroom.setting_json(s darkroom.provider_settings) returns jsonb language sql stable as $$
  select jsonb_build_object('object', 'provider_setting', 'scope', s.owner_kind, 'scope_id', darkroom.scope_id(s.owner_kind, s.owner_id), 'operation', s.operation,
    'provider', s.provider, 'model', s.model, 'endpoint_url', s.endpoint_url, 'version', s.version, 'updated_by', s.updated_by, 'updated_at', darkroom.iso(s.updated_at))
$$;

-- A custom endpoint is called with its owner's key that was kept with its address. Where there is none, a row without a key stands in for it, so
-- that it has slots, statistics and a state like any other; it goes when such a key comes or no setting names the address any more.
create function darkroom.sync_endpoint(p_owner_kind text, p_owner_id text, p_account text, p_provider text) returns void
language plpgsql as $$
declare v_wanted text[]; k darkroom.provider_api_keys;
begin
  v_wanted := array(select distinct darkroom.address(s.endpoint_url) from darkroom.provider_settings s
     where s.owner_kind = p_owner_kind and s.owner_id = p_owner_id and s.provider = p_provider and s.endpoint_url is not null
    except select x.endpoint from darkroom.provider_api_keys x where x.owner_kind = p_owner_kind and x.owner_id = p_owner_id and x.provider_name = p_provider
       and x.source <> 'endpoint' and x.deleted_at is null);
  for k in select * from darkroom.provider_api_keys x where x.owner_kind = p_owner_kind and x.owner_id = p_owner_id and x.provider_name = p_provider
      and x.source = 'endpoint' and x.deleted_at is null order by x.id for no key update loop
    if k.endpoint = any (v_wanted) then
      v_wanted := array_remove(v_wanted, k.endpoint);
      update darkroom.provider_api_keys x set state = 'active' where x.id = k.id and x.state <> 'active';
    else
      update darkroom.provider_api_keys x set deleted_at = darkroom.now(), state = 'draining' where x.id = k.id;
      perform darkroom.wake_key(k.id);
    end if;
  end loop;
  insert into darkroom.provider_api_keys (provider_name, owner_kind, owner_id, account_id, source, name, last4, fingerprint, endpoint)
    select p_provider, p_owner_kind, p_owner_id, p_account, 'endpoint', 'Custom endpoint', '', 'endpoint', x from unnest(v_wanted) x;
end $$;

-- Tells the log and the open pages of a change. The last thing of its transaction.
create function darkroom.note_setting(c darkroom.caller, p_type text, p_before darkroom.provider_settings, p_after darkroom.provider_settings) returns void
language plpgsql as $$
declare s darkroom.provider_settings := case when p_after.owner_id is null then p_before else p_after end;
  v_before jsonb := case when p_before.owner_id is not null then darkroom.setting_json(p_before) - array['object', 'version', 'updated_by', 'updated_at'] end;
  v_after jsonb := case when p_after.owner_id is not null then darkroom.setting_json(p_after) - array['object', 'version', 'updated_by', 'updated_at'] end;
begin
  perform darkroom.sync_endpoint(s.owner_kind, s.owner_id, s.account_id, x)
    from (select distinct x from unnest(array[p_before.provider, p_after.provider]) x where x is not null) y;
  perform darkroom.audit(c, s.account_id, p_type, 'provider_setting', concat_ws('/', s.owner_kind, darkroom.scope_id(s.owner_kind, s.owner_id), s.operation), v_before, v_after);
  perform darkroom.note_event(s.account_id, p_type, case when p_after.owner_id is null then v_before else darkroom.setting_json(p_after) end);
end $$;

-- Writes one setting. if_match: the version that the writer has seen (0: none), or null for whatever is there. Of several writers that
-- saw the same version, one wins and the others get precondition_failed with what is there now. value: {provider, model?, endpoint_url?}
create function api.put_setting(credential jsonb, scope text, scope_id text, operation text, value jsonb, if_match bigint) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', scope, scope_id); o darkroom.provider_settings; s darkroom.provider_settings;
  v_operation text := darkroom.setting_operation(operation);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.owner_kind = 'platform' then return darkroom.refuse('invalid_input', 'The platform''s defaults stand in the environment.'); end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  select * into o from darkroom.provider_settings x where x.owner_kind = c.owner_kind and x.owner_id = c.owner_id and x.operation = v_operation;
  if if_match <> coalesce(o.version, 0) then return darkroom.stale_setting(o); end if;
  s := o;
  s.provider := value->>'provider'; s.model := value->>'model'; s.endpoint_url := value->>'endpoint_url';
  if s is not distinct from o then return darkroom.ok(darkroom.setting_json(o)); end if;
  insert into darkroom.provider_settings as x (owner_kind, owner_id, operation, account_id, provider, model, endpoint_url, version, updated_by)
    values (c.owner_kind, c.owner_id, v_operation, c.account_id, s.provider, s.model, s.endpoint_url, nextval('darkroom.setting_version'), c.actor)
    on conflict on constraint provider_settings_pkey do update set provider = excluded.provider, model = excluded.model, endpoint_url = excluded.endpoint_url,
      version = excluded.version, updated_by = excluded.updated_by, updated_at = excluded.updated_at returning x.* into s;
  perform darkroom.note_setting(c, 'setting.changed', o, s);
  return darkroom.ok(darkroom.setting_json(s));
end $$;

create function darkroom.stale_setting(s darkroom.provider_settings) returns jsonb language sql stable as $$
  select darkroom.refuse('precondition_failed', 'Somebody changed this setting meanwhile.',
    jsonb_build_object('current', case when s.owner_id is not null then darkroom.setting_json(s) end))
$$;

create function api.delete_setting(credential jsonb, scope text, scope_id text, operation text, if_match bigint) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', scope, scope_id); o darkroom.provider_settings;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  select * into o from darkroom.provider_settings x
   where x.owner_kind = c.owner_kind and x.owner_id = c.owner_id and x.operation = darkroom.setting_operation(delete_setting.operation);
  if if_match <> coalesce(o.version, 0) then return darkroom.stale_setting(o); end if;
  if o.owner_id is null then return darkroom.refuse('not_found'); end if;
  delete from darkroom.provider_settings x where x.owner_kind = o.owner_kind and x.owner_id = o.owner_id and x.operation = o.operation;
  perform darkroom.note_setting(c, 'setting.deleted', o, null);
  return darkroom.ok(darkroom.setting_json(o) || '{"deleted": true}');
end $$;

create function api.get_setting(credential jsonb, scope text, scope_id text, operation text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', scope, scope_id); s darkroom.provider_settings;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into s from darkroom.provider_settings x
   where x.owner_kind = c.owner_kind and x.owner_id = c.owner_id and x.operation = darkroom.setting_operation(get_setting.operation);
  if not found then return darkroom.refuse('not_found'); end if;
  return darkroom.ok(darkroom.setting_json(s));
end $$;

-- filter: {scope?, scope_id?}. Without a scope: all of the caller's account, its projects' too. Few rows, so one page.
create function api.list_settings(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', filter->>'scope', filter->>'scope_id');
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok(jsonb_build_object('next_cursor', null, 'data', (
    select coalesce(jsonb_agg(darkroom.setting_json(s) order by s.owner_kind, s.owner_id, s.operation), '[]') from darkroom.provider_settings s
     where s.account_id = c.account_id and (filter->>'scope' is null or s.owner_kind = c.owner_kind and s.owner_id = c.owner_id))));
end $$;

-- Takes over settings that a browser kept, once for each person. What is there already stays. settings: [{operation, provider, model?, endpoint_url?}]
create function api.import_settings(credential jsonb, settings jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', 'user', 'me'); v jsonb; v_answer jsonb; v_count int := 0;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if not darkroom.begin_import(c.account_id) then
    return darkroom.ok(jsonb_build_object('imported', 0, 'already_imported', true, 'replayed', v is not null));
  end if;
  perform darkroom.made(c, idempotency, 'import', c.account_id);
  for v in select x from jsonb_array_elements(settings) x loop
    v_answer := api.put_setting(credential, 'user', 'me', v->>'operation', v, 0);
    if v_answer ? 'ok' then v_count := v_count + 1; end if;
  end loop;
  return darkroom.ok(jsonb_build_object('imported', v_count, 'already_imported', false, 'replayed', false));
end $$;

create function darkroom.begin_import(p_account text) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update darkroom.accounts a set settings_imported_at = darkroom.now() where a.id = p_account and a.settings_imported_at is null;
  return found;
end $$;

select darkroom.own('darkroom.begin_import(text)', 'darkroom_system');
select darkroom.expose('api.put_setting(jsonb,text,text,text,jsonb,bigint)', 'darkroom_account', 'keys');
select darkroom.expose('api.delete_setting(jsonb,text,text,text,bigint)', 'darkroom_account', 'keys');
select darkroom.expose('api.get_setting(jsonb,text,text,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_settings(jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.import_settings(jsonb,jsonb,jsonb)', 'darkroom_account', 'keys');
