-- How the keys of a pool take turns. A pool is a profile and an owner; keys without a profile form the one that is named after their provider.

create function darkroom.pool_json(p darkroom.key_pools) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('profile', p.profile, 'object', 'key_pool', 'scope', p.owner_kind, 'scope_id', darkroom.scope_id(p.owner_kind, p.owner_id),
    'strategy', p.strategy, 'keys', (select coalesce(jsonb_agg(k.id order by k.priority desc, k.id), '[]') from darkroom.provider_api_keys k
      where k.owner_kind = p.owner_kind and k.owner_id = p.owner_id and coalesce(k.provider_key, k.provider_name) = p.profile and k.deleted_at is null));
end $$;

-- request: {profile, strategy: "least_used" | "round_robin", scope?, scope_id?}
create function api.put_key_pool(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', request->>'scope', request->>'scope_id'); p darkroom.key_pools; v_before text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  perform darkroom.lock_keys(c.owner_kind, c.owner_id);
  select x.strategy into v_before from darkroom.key_pools x where x.owner_kind = c.owner_kind and x.owner_id = c.owner_id and x.profile = request->>'profile';
  insert into darkroom.key_pools as x (profile, owner_kind, owner_id, account_id, strategy)
    values (request->>'profile', c.owner_kind, c.owner_id, case when c.owner_kind <> 'platform' then c.account_id end, request->>'strategy')
    on conflict (owner_kind, owner_id, profile) do update set strategy = excluded.strategy returning x.* into p;
  perform darkroom.audit(c, p.account_id, 'key_pool.changed', 'key_pool', p.profile, jsonb_build_object('strategy', coalesce(v_before, 'least_used')),
    jsonb_build_object('strategy', p.strategy));
  return darkroom.ok(darkroom.pool_json(p));
end $$;

-- filter: {scope?, scope_id?}. Pools that have keys or a strategy.
create function api.list_key_pools(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', filter->>'scope', filter->>'scope_id'); v_data jsonb := '[]'; p darkroom.key_pools;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  for p in select n.profile, c.owner_kind, c.owner_id, c.account_id, coalesce(x.strategy, 'least_used')
      from (select coalesce(k.provider_key, k.provider_name) as profile from darkroom.provider_api_keys k
              where k.owner_kind = c.owner_kind and k.owner_id = c.owner_id and k.deleted_at is null
            union select y.profile from darkroom.key_pools y where y.owner_kind = c.owner_kind and y.owner_id = c.owner_id) n
      left join darkroom.key_pools x on x.owner_kind = c.owner_kind and x.owner_id = c.owner_id and x.profile = n.profile order by n.profile loop
    v_data := v_data || darkroom.pool_json(p);
  end loop;
  return darkroom.ok(jsonb_build_object('next_cursor', null, 'data', v_data));
end $$;

select darkroom.expose('api.put_key_pool(jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_key_pools(jsonb,jsonb)', 'darkroom_account', 'keys');
