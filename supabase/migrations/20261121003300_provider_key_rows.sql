-- A provider's key as clients see it, and the small changes that all functions over keys share.

-- The wire's object. Everything here is metadata: what opens a key is nowhere in it.
create function darkroom.provider_key_json(k darkroom.provider_api_keys) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare v darkroom.provider_key_versions; v_running int;
begin
  select * into v from darkroom.provider_key_versions x where x.key_id = k.id and x.version = k.version;
  select count(*) into v_running from darkroom.attempts a where a.key_id = k.id and a.status in ('starting', 'submitted', 'submission_unknown');
  return jsonb_build_object('id', k.id, 'object', 'provider_key', 'provider', k.provider_name, 'profile', k.provider_key, 'scope', k.owner_kind,
    'scope_id', darkroom.scope_id(k.owner_kind, k.owner_id), 'source', k.source, 'name', k.name, 'last4', k.last4, 'fingerprint', k.fingerprint,
    'version', k.version, 'priority', k.priority, 'max_concurrency', k.max_concurrency, 'running', v_running, 'is_active', k.is_active,
    'state', k.state, 'state_reason', k.state_reason, 'next_probe_at', darkroom.iso(k.probe_at), 'cooling', (
      select coalesce(jsonb_agg(jsonb_build_object('provider_model', d.provider_model, 'until', darkroom.iso(d.until)) order by d.until), '[]')
        from darkroom.key_cooldowns d where d.key_id = k.id and d.until > darkroom.now()),
    'usage_count', k.usage_count, 'failure_count', k.failure_count, 'last_used_at', darkroom.iso(k.last_used_at),
    'additional_config', coalesce(v.additional_config, '{}'), 'secret_fields', to_jsonb(coalesce(v.secret_fields, '{}')),
    'created_at', darkroom.iso(k.created_at));
end $$;

-- What the audit log says of a key; of the address that it is sent to, the host.
create function darkroom.provider_key_audit(k darkroom.provider_api_keys) returns jsonb language sql stable as $$
  select jsonb_build_object('provider', k.provider_name, 'profile', k.provider_key, 'scope', k.owner_kind, 'name', k.name, 'last4', k.last4,
    'fingerprint', k.fingerprint, 'version', k.version, 'priority', k.priority, 'max_concurrency', k.max_concurrency, 'is_active', k.is_active, 'state', k.state,
    'endpoint', split_part(k.endpoint, '/', 3))
$$;

-- The caller in the scope of a key. Without the right to see it, it does not exist.
create function darkroom.enter_provider_key(p_credential jsonb, p_right text, p_id text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; k darkroom.provider_api_keys;
begin
  select * into k from darkroom.provider_api_keys x where x.id = p_id and x.deleted_at is null;
  if not found then
    c := darkroom.enter_scope(p_credential, 'read', null, null);
    c.refusal := coalesce(c.refusal, 'not_found');
    return c;
  end if;
  c := darkroom.enter_scope(p_credential, p_right, k.owner_kind, case when k.owner_kind <> 'platform' then k.owner_id end);
  if c.refusal = 'forbidden' and k.owner_kind = 'platform' then c.refusal := 'not_found'; end if;
  return c;
end $$;

-- Lets the lanes of a key look again: it can be used now, or it cannot any more and what waits must go elsewhere or fail.
create function darkroom.wake_key(p_key text) returns void
language plpgsql security definer set search_path = '' as $$
declare k darkroom.provider_api_keys;
begin
  select * into k from darkroom.provider_api_keys x where x.id = p_key;
  perform darkroom.wake_lanes_of(k);
end $$;

-- Ciphertext that no attempt needs any more: of versions that were replaced, and of keys that were deleted. Of what lies elsewhere the
-- Worker is told by api.due_wipes.
create function darkroom.wipe_versions(p_key text, p_max int default 100) returns int
language plpgsql security definer set search_path = '' as $$
declare v darkroom.provider_key_versions; v_count int := 0;
begin
  for v in select * from darkroom.provider_key_versions x
            where x.retired_at is not null and x.wiped_at is null and x.stored = 'here' and (p_key is null or x.key_id = p_key)
              and not exists (select from darkroom.attempts a where a.key_id = x.key_id and a.key_version = x.version
                and a.status in ('starting', 'submitted', 'submission_unknown'))
            order by x.retired_at limit p_max for no key update skip locked loop
    delete from darkroom.sealed_keys s where s.key_id = v.key_id and s.version = v.version;
    update darkroom.provider_key_versions x set wiped_at = darkroom.now() where x.key_id = v.key_id and x.version = v.version;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

-- Takes a key out for good. Running attempts keep their version until they end (`draining`).
create function darkroom.retire_key(c darkroom.caller, k darkroom.provider_api_keys) returns void language plpgsql as $$
begin
  update darkroom.provider_api_keys x set deleted_at = darkroom.now(), state = 'draining', state_reason = null where x.id = k.id;
  update darkroom.provider_key_versions x set retired_at = darkroom.now() where x.key_id = k.id and x.retired_at is null;
  perform darkroom.wipe_versions(k.id), darkroom.wake_key(k.id);
  perform darkroom.audit(c, k.account_id, 'provider_key.deleted', 'provider_key', k.id, darkroom.provider_key_audit(k), null);
  perform darkroom.note_event(k.account_id, 'provider_key.deleted', jsonb_build_object('id', k.id, 'provider', k.provider_name));
end $$;

-- Two keys of one owner under one profile cannot be the same secret.
create function darkroom.same_key(k darkroom.provider_api_keys) returns jsonb language plpgsql stable as $$
declare v text;
begin
  select x.id into v from darkroom.provider_api_keys x
   where x.owner_kind = k.owner_kind and x.owner_id = k.owner_id and x.fingerprint = k.fingerprint and x.id <> k.id
     and coalesce(x.provider_key, '') = coalesce(k.provider_key, '') and x.source = 'sealed' and x.deleted_at is null;
  if not found then return null; end if;
  return darkroom.refuse('invalid_state', 'This key is there already.', jsonb_build_object('existing', v));
end $$;

-- Changes to the keys of one owner come one after the other.
create function darkroom.lock_keys(p_owner_kind text, p_owner_id text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('provider_keys:' || p_owner_kind || ':' || p_owner_id, 0));
end $$;

-- A new key starts level with its pool: with fewer picks than the others it would get all the work until it had caught up.
create function darkroom.join_pool() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  select coalesce(max(x.picks), 0) into new.picks from darkroom.provider_api_keys x
   where x.owner_kind = new.owner_kind and x.owner_id = new.owner_id and x.provider_name = new.provider_name and x.deleted_at is null and x.id <> new.id;
  return new;
end $$;
create trigger join_pool before insert on darkroom.provider_api_keys for each row execute function darkroom.join_pool();
create trigger rejoin_pool before update of is_active, state on darkroom.provider_api_keys for each row
  when ((new.is_active and new.state = 'active') and not (old.is_active and old.state = 'active')) execute function darkroom.join_pool();

select darkroom.own('darkroom.provider_key_json(darkroom.provider_api_keys)', 'darkroom_system');
select darkroom.own('darkroom.enter_provider_key(jsonb, text, text)', 'darkroom_system');
select darkroom.own('darkroom.wake_key(text)', 'darkroom_system');
select darkroom.own('darkroom.wipe_versions(text, int)', 'darkroom_system');
select darkroom.own('darkroom.join_pool()', 'darkroom_system');
