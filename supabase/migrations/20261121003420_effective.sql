-- What an operation would be done with, and why: the same resolution that accept uses, told level by level.

-- Which level's key would pay for a provider, as one row each: the keys that are there, and how many of them are in service.
create function darkroom.key_levels(c darkroom.caller, p_provider text) returns table (origin text, keys bigint, in_service bigint)
language plpgsql stable as $$
begin
  return query select o.credential, count(k.id), count(k.id) filter (where k.state = 'active')
    from darkroom.owners(c) o left join darkroom.provider_api_keys k on k.owner_kind = o.owner_kind and k.owner_id = o.owner_id
      and k.provider_name = p_provider and k.deleted_at is null and k.is_active
   group by o.credential;
end $$;

-- The five levels: what each said about the provider and about the key, and why it was not taken.
create function darkroom.explain_levels(c darkroom.caller, p_settings darkroom.provider_settings[], p_request jsonb, p_providers text[], p_provider text,
  p_origin text, p_key_origin text) returns jsonb
language plpgsql stable as $$
declare v_levels text[] := array['request', 'project', 'organization', 'user', 'environment'];
begin
  return (select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('origin', l.origin, 'provider', l.provider, 'model', l.model)) || jsonb_build_object(
      'outcome', case when l.origin = p_origin then 'chosen' when l.provider is null then 'not_set'
        when not l.provider = any (p_providers) then 'not_possible' else 'overridden' end,
      'key', case when l.origin = p_key_origin then 'chosen' when coalesce(l.keys, 0) = 0 then 'none' when l.in_service = 0 then 'out_of_service'
        when p_key_origin is null or l.origin = 'environment' and p_key_origin = 'request' then 'not_allowed' else 'overridden' end) order by l.n)
    from (select v.origin, v.n, k.keys, k.in_service,
        case v.origin when 'request' then p_request->>'provider' when 'environment' then case when p_origin = 'environment' then p_provider end else s.provider end as provider,
        case v.origin when 'request' then p_request->>'model' else s.model end as model
      from unnest(v_levels) with ordinality v (origin, n) left join unnest(p_settings) s on s.owner_kind = v.origin
      left join darkroom.key_levels(c, p_provider) k on k.origin = v.origin) l);
end $$;

-- One key of the pool that would be asked: the next one, if all have room. The platform's digits are shown to operators only.
create function darkroom.effective_key(c darkroom.caller, p_candidate jsonb, p_named text) returns jsonb
language plpgsql stable as $$
begin
  return (select jsonb_build_object('id', k.id, 'last4', case when k.owner_kind <> 'platform' or 'admin' = any (c.scopes) then k.last4 end,
      'origin', p_candidate->>'credential')
    from darkroom.provider_api_keys k
   where k.owner_kind = p_candidate->>'owner_kind' and k.owner_id = p_candidate->>'owner_id' and k.provider_name = p_candidate->>'provider'
     and k.deleted_at is null and k.is_active and k.state = 'active' and (k.provider_key is null or k.provider_key = p_candidate->>'profile')
     and (p_named is null or not starts_with(p_named, 'key_') or k.id = p_named)
     and k.endpoint is not distinct from darkroom.address(p_candidate->>'endpoint_url')
   order by k.priority desc, k.picks, k.id limit 1);
end $$;

-- operation, project_id or null; request: {provider?, model?, provider_key?, account_id?, byok_only?, allow_platform_key?}; candidates: what the
-- catalogue has for the operation (and the request's model), in its order: [{provider, provider_model, profiles, model}].
create function api.effective_settings(credential jsonb, operation text, project_id text, request jsonb, candidates jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.authenticate(credential, 'jobs', request->>'account_id', project_id); v_settings darkroom.provider_settings[]; s darkroom.provider_settings;
  v_routes jsonb := coalesce(candidates, '[]'); v_providers text[] := array(select x->>'provider' from jsonb_array_elements(v_routes) x);
  v_provider text; v_origin text; r darkroom.resolution;
  v_first jsonb; v_key jsonb; v_model jsonb; m darkroom.provider_settings; e darkroom.provider_settings;
begin
  if c.refusal = 'forbidden' then c := darkroom.authenticate(credential, 'keys', request->>'account_id', project_id); end if;
  if c.refusal is null and c.client_token_id is not null then c.refusal := 'forbidden'; end if;
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v_settings := darkroom.settings_for(c, operation);
  s := darkroom.wanted_setting(v_settings, v_routes);
  v_provider := coalesce(request->>'provider', s.provider);
  v_origin := case when request->>'provider' is not null then 'request' else s.owner_kind end;
  if v_provider is not null then
    select coalesce(jsonb_agg(x order by o), jsonb_build_array(jsonb_build_object('provider', v_provider, 'profiles', jsonb_build_array(v_provider)))) into v_routes
      from jsonb_array_elements(v_routes) with ordinality y (x, o) where x->>'provider' = v_provider;
  end if;
  r := darkroom.resolve_candidates(c, v_settings, darkroom.own_providers(c), request - 'order', v_routes, null, v_provider is null);
  v_first := r.usable->0;
  v_provider := coalesce(v_provider, v_first->>'provider', v_providers[1]);
  v_origin := coalesce(v_origin, v_first->>'credential', 'environment');
  if v_first is not null then v_key := darkroom.effective_key(c, v_first, request->>'provider_key'); end if;
  m := darkroom.setting_of(v_settings, v_provider, true);
  v_model := case
    when request->>'model' is not null then jsonb_build_object('value', request->'model', 'origin', 'request')
    when m.model is not null then jsonb_build_object('value', m.model, 'origin', m.owner_kind)
    else jsonb_build_object('value', (select coalesce(x->'model', x->'provider_model') from jsonb_array_elements(v_routes) x where x->>'provider' = v_provider limit 1),
      'origin', 'environment') end;
  e := darkroom.setting_of(v_settings, v_provider);
  return darkroom.ok(jsonb_build_object('operation', operation, 'provider', jsonb_build_object('value', v_provider, 'origin', v_origin), 'model', v_model,
    'endpoint_url', case when e.endpoint_url is not null then jsonb_build_object('value', e.endpoint_url, 'origin', e.owner_kind)
      when v_first->>'owner_kind' <> 'platform' and v_first ? 'endpoint_url' then jsonb_build_object('value', v_first->'endpoint_url', 'origin', v_first->'credential') end,
    'key', v_key,
    'settings_url', darkroom.setting_path(c, operation), 'routes', to_jsonb(r.considered),
    'considered', darkroom.explain_levels(c, v_settings, request, v_providers, v_provider, v_origin, v_key->>'origin')));
end $$;

select darkroom.expose('api.effective_settings(jsonb,text,text,jsonb,jsonb)', 'darkroom_account', 'keys');
