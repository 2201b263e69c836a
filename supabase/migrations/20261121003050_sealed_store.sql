-- Ciphertext of providers' keys, per version, and nothing else. This file stands alone: applied to a database of its own (WORKER_1_URL),
-- it serves that database's service role; in the main database, the role `keys`. Envelopes only: what is not sealed is refused here.
create schema if not exists darkroom;
create schema if not exists api;

create table darkroom.sealed_keys (
  key_id text collate "C" not null,
  version int not null check (version >= 1),
  owner text not null,                    -- whom the data keys are wrapped for: rotation must know it
  api_key text not null check (api_key like 'dkv1.%'),
  api_secret text check (api_secret like 'dkv1.%'),
  config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'    -- only the settings that are sealed
    and not jsonb_path_exists(config, '$.* ? (!(@ starts with "dkv1.") || (@ starts with "dkv1.") is unknown)')),
  changed_at timestamptz not null default now(),
  primary key (key_id, version)
);
alter table darkroom.sealed_keys enable row level security;
revoke all on darkroom.sealed_keys from public;

-- The settings that are envelopes; the others are nobody's secret and stay where the key's metadata is.
create function darkroom.sealed_fields(p_config jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(f.key, f.value) filter (where jsonb_typeof(f.value) = 'string' and f.value #>> '{}' like 'dkv1.%'), '{}')
    from jsonb_each(case when jsonb_typeof(p_config) = 'object' then p_config end) f
$$;

-- sealed: {owner, api_key, api_secret?, additional_config?}. A version is written by one of all who want to make it; what was left lying for a
-- minute, its row refused or its writer dead, gives way.
create function api.put_sealed(key_id text, version int, sealed jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  insert into darkroom.sealed_keys as s (key_id, version, owner, api_key, api_secret, config)
    values (put_sealed.key_id, put_sealed.version, sealed->>'owner', sealed->>'api_key', sealed->>'api_secret',
      darkroom.sealed_fields(sealed->'additional_config'))
    on conflict on constraint sealed_keys_pkey do update
      set owner = excluded.owner, api_key = excluded.api_key, api_secret = excluded.api_secret, config = excluded.config, changed_at = now()
      where s.changed_at < now() - interval '1 minute';
  if not found then return '{"refusal": {"code": "conflict", "detail": "Somebody replaces this key right now."}}'; end if;
  return jsonb_build_object('ok', jsonb_build_object('key_id', key_id, 'version', version));
end $$;

create function darkroom.sealed_json(s darkroom.sealed_keys) returns jsonb language sql immutable as $$
  select jsonb_build_object('key_id', s.key_id, 'version', s.version, 'owner', s.owner, 'api_key', s.api_key, 'api_secret', s.api_secret,
    'additional_config', s.config)
$$;

create function api.get_sealed(key_id text, version int) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare s darkroom.sealed_keys;
begin
  select * into s from darkroom.sealed_keys x where x.key_id = get_sealed.key_id and x.version = get_sealed.version;
  if not found then return '{"refusal": {"code": "not_found"}}'; end if;
  return jsonb_build_object('ok', darkroom.sealed_json(s));
end $$;

-- With an `api_key` only if it is that one.
create function api.wipe_sealed(key_id text, version int, api_key text) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  delete from darkroom.sealed_keys x where x.key_id = wipe_sealed.key_id and x.version = wipe_sealed.version
    and (wipe_sealed.api_key is null or x.api_key = wipe_sealed.api_key);
  return jsonb_build_object('ok', jsonb_build_object('wiped', found));
end $$;

-- What is still wrapped under another key-encryption key than `kek_id` (8 hex digits), in order, after a row: {key_id, version}.
create function api.list_sealed(kek_id text, after jsonb, max int) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_build_object('ok', (select coalesce(jsonb_agg(darkroom.sealed_json(s::darkroom.sealed_keys) order by s.key_id, s.version), '[]')
    from (select * from darkroom.sealed_keys x
           where (after is null or (x.key_id, x.version) > (after->>'key_id', (after->>'version')::int))
             and not (starts_with(x.api_key, 'dkv1.' || kek_id || '.') and starts_with(coalesce(x.api_secret, 'dkv1.' || kek_id || '.'), 'dkv1.' || kek_id || '.')
               and not exists (select from jsonb_each_text(x.config) f where not starts_with(f.value, 'dkv1.' || kek_id || '.')))
           order by x.key_id, x.version limit max) s));
end $$;

-- Puts envelopes in the place of others (the same secrets under a new wrapping, or new settings beside the key), unless somebody changed them
-- meanwhile: {rewrapped: false} says so.
create function api.rewrap_sealed(key_id text, version int, before jsonb, after jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  update darkroom.sealed_keys x set api_key = after->>'api_key', api_secret = after->>'api_secret', config = darkroom.sealed_fields(after->'additional_config'), changed_at = now()
   where x.key_id = rewrap_sealed.key_id and x.version = rewrap_sealed.version and x.api_key = before->>'api_key'
     and x.api_secret is not distinct from before->>'api_secret' and x.config = before->'additional_config';
  return jsonb_build_object('ok', jsonb_build_object('rewrapped', found));
end $$;

revoke all on function darkroom.sealed_fields(jsonb), darkroom.sealed_json(darkroom.sealed_keys) from public;
do $$
declare f regprocedure; v_role text := case when to_regrole('keys') is null then 'service_role' else 'keys' end;
begin
  execute format('grant usage on schema api to %I', v_role);
  foreach f in array array['api.put_sealed(text,int,jsonb)', 'api.get_sealed(text,int)', 'api.wipe_sealed(text,int,text)',
      'api.list_sealed(text,jsonb,int)', 'api.rewrap_sealed(text,int,jsonb,jsonb)']::regprocedure[] loop
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to %I', f, v_role);
    if v_role = 'keys' then perform darkroom.own(f, 'darkroom_system'); end if;
  end loop;
end $$;
