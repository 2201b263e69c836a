-- Which key a candidate would be paid with: request → project → organisation → user → environment. The first that has a usable key wins.

create function darkroom.owners(c darkroom.caller) returns table (rank int, credential text, owner_kind text, owner_id text)
language sql stable as $$
  select * from (values
    (1, 'project', 'project', c.project_id),
    (2, 'organization', 'organization', case when c.organization_id is not null then c.account_id end),
    (3, 'user', 'user', (select u.account_id from darkroom.users u where u.id = c.user_id)),
    (3, 'user', 'user', case when c.organization_id is null then c.account_id end),
    (4, 'environment', 'platform', 'platform')) o (rank, credential, owner_kind, owner_id)
  where o.owner_id is not null
$$;

-- A key serves a lane when it belongs to the lane's owner and provider and is for that profile or for all of them.
create function darkroom.lane_keys(l darkroom.lanes) returns setof darkroom.provider_api_keys
language sql stable as $$
  select k.* from darkroom.provider_api_keys k
   where k.provider_name = l.provider and k.owner_kind = l.owner_kind and k.owner_id = l.owner_id and k.deleted_at is null
     and k.is_active and k.state = 'active' and (k.provider_key is null or k.provider_key = l.profile)
$$;

create function darkroom.lane_id(p_profile text, p_owner_kind text, p_owner_id text) returns text
language sql immutable as $$
  select p_profile || ':' || case p_owner_kind when 'platform' then 'platform' else p_owner_kind || ':' || p_owner_id end
$$;

-- The candidates that have a key, each with lane, credential and price (an own key costs the platform's fee only), and what became
-- of the rest. Own keys never fall back to the platform's unless routing.allow_platform_key; with byok_only nothing else is looked at.
create function darkroom.resolve_candidates(c darkroom.caller, p_routing jsonb, p_candidates jsonb, out usable jsonb, out considered jsonb)
language plpgsql stable as $$
declare
  v_named text := p_routing->>'provider_key';
  v_platform boolean := not coalesce((p_routing->>'byok_only')::boolean, false);
  v_own boolean;
begin
  with candidate as (
    select x.value as body, x.ordinality as position, x.value->>'provider' as provider,
        array(select jsonb_array_elements_text(x.value->'profiles')) as profiles
      from jsonb_array_elements(p_candidates) with ordinality x
  ), found as (
    select d.position, d.body, d.provider, k.*
      from candidate d left join lateral (
        select o.rank, case when v_named = k.id then 'request' else o.credential end as credential, o.owner_kind, o.owner_id,
            coalesce(k.provider_key, d.profiles[1]) as profile
          from darkroom.owners(c) o
          join darkroom.provider_api_keys k on k.provider_name = d.provider and k.owner_kind = o.owner_kind and k.owner_id = o.owner_id
         where k.deleted_at is null and k.is_active and k.state = 'active'
           and (k.provider_key is null or k.provider_key = any (d.profiles))
           and (v_named is null or not starts_with(v_named, 'key_') or k.id = v_named)
           and (o.rank < 4 or v_platform)
         order by o.rank, array_position(d.profiles, coalesce(k.provider_key, d.profiles[1])), k.id
         limit 1) k on true
  ), judged as (
    select f.*, bool_or(f.rank < 4) over () as own_any from found f
  )
  select
    jsonb_agg(j.body || jsonb_build_object('profile', j.profile, 'owner_kind', j.owner_kind, 'owner_id', j.owner_id, 'credential', j.credential,
        'lane', darkroom.lane_id(j.profile, j.owner_kind, j.owner_id),
        'credits', case when j.rank < 4 then coalesce((j.body->>'fee_credits')::bigint, 0) else (j.body->>'credits')::bigint end)
      order by j.rank >= 4 and j.own_any, j.position)
      filter (where j.rank is not null and (j.rank < 4 or not j.own_any or coalesce((p_routing->>'allow_platform_key')::boolean, false))),
    jsonb_agg(jsonb_build_object('provider', j.provider, 'provider_model', j.body->>'provider_model',
        'outcome', case when j.rank is null then 'skipped'
          when j.rank >= 4 and j.own_any and not coalesce((p_routing->>'allow_platform_key')::boolean, false) then 'skipped' else 'candidate' end,
        'reason', case when j.rank is null then 'no usable key'
          when j.rank >= 4 and j.own_any and not coalesce((p_routing->>'allow_platform_key')::boolean, false) then 'only the platform has a key'
          else 'key of: ' || j.credential end)
      order by j.position)
    into usable, considered from judged j;
  usable := coalesce(usable, '[]');
  considered := coalesce(considered, '[]');
end $$;

-- One job's request with its keys resolved and its price: {spec…, stages: [{stage, candidates, outputs_per_part}], hold}. Refusal: no key.
create function darkroom.price_job(c darkroom.caller, p_spec jsonb) returns jsonb
language plpgsql stable as $$
declare v_stage jsonb; v_stages jsonb := '[]'; r record; v_hold bigint; v_first bigint; v_considered jsonb := '[]'; v_final jsonb;
begin
  if c.allowed_models is not null and not (p_spec->>'model' = any (c.allowed_models)) then
    return darkroom.refuse('forbidden', 'This key may not use the model ' || (p_spec->>'model') || '.');
  end if;
  for v_stage in select s from jsonb_array_elements(p_spec->'stages') s loop
    r := darkroom.resolve_candidates(c, coalesce(p_spec->'routing', '{}'), v_stage->'candidates');
    if jsonb_array_length(r.usable) = 0 then
      return darkroom.refuse('provider_key_missing', null, jsonb_build_object('operation', p_spec->>'operation',
        'provider', v_stage->'candidates'->0->>'provider', 'considered', r.considered));
    end if;
    v_stages := v_stages || jsonb_build_object('stage', v_stage->>'stage', 'candidates', r.usable,
      'outputs_per_part', (select min((x->>'outputs_per_call')::int) from jsonb_array_elements(r.usable) x));
    v_final := r.usable;                   -- stages come in order: the last one is what is paid for
    v_considered := r.considered;
  end loop;
  select max((x->>'credits')::bigint) into v_hold from jsonb_array_elements(v_final) x;
  v_first := (v_final->0->>'credits')::bigint;
  return p_spec || jsonb_build_object('stages', v_stages, 'considered', coalesce(p_spec->'considered', '[]') || v_considered,
    'credits', v_first * (p_spec->>'count')::int, 'hold', v_hold * (p_spec->>'count')::int,
    'price_version', v_final->0->>'price_version');
end $$;
