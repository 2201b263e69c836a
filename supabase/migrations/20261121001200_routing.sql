-- Who could do a job: which settings count and whose keys could pay, request → project → organisation → user → environment.

create function darkroom.owners(c darkroom.caller) returns table (rank int, credential text, owner_kind text, owner_id text)
language sql stable as $$
  select * from (values
    (1, 'project', 'project', c.project_id),
    (2, 'organization', 'organization', case when c.organization_id is not null then c.account_id end),
    (3, 'user', 'user', c.person_account),
    (4, 'environment', 'platform', 'platform')) o (rank, credential, owner_kind, owner_id)
  where o.owner_id is not null
$$;

-- A URL as it is compared: scheme, host and path. Which address is asked is decided by whoever sends; this only says who may be chosen.
create function darkroom.address(p_url text) returns text language sql immutable strict as $$
  select lower(substring(u from '^[^/]*//[^/]*')) || rtrim(coalesce(substring(u from '^[^/]*//[^/]*(/.*)$'), ''), '/')
    from (select regexp_replace(p_url, '[?#].*$', '')) x (u)
$$;

-- An address within the name of a lane.
create function darkroom.address_mark(p_address text) returns text language sql immutable strict as $$
  select left(encode(sha256(convert_to(p_address, 'UTF8')), 'hex'), 16)
$$;

-- A key serves a lane when it belongs to the lane's owner and provider, is for that profile or for all of them, and for the lane's address:
-- `…@mark` is a custom endpoint's, any other the provider's own. A lane that ends in `#key_…` is for a job that named its key, and served by
-- that one only.
create function darkroom.lane_keys(l darkroom.lanes) returns setof darkroom.provider_api_keys
language sql stable as $$
  select k.* from darkroom.provider_api_keys k
   where k.provider_name = l.provider and k.owner_kind = l.owner_kind and k.owner_id = l.owner_id and k.deleted_at is null
     and k.is_active and k.state = 'active' and (k.provider_key is null or k.provider_key = l.profile)
     and split_part(l.lane, '#', 2) in ('', k.id)
     and split_part(split_part(l.lane, '#', 1), '@', 2) = case when k.endpoint is null then '' else darkroom.address_mark(k.endpoint) end
$$;

-- `llm` is what settings pages call chat.
create function darkroom.setting_operation(p_operation text) returns text language sql immutable as $$
  select case p_operation when 'llm' then 'chat' else p_operation end
$$;

-- Whether the jobs of a request stand as `submit` planned them: nobody but the platform could pay, and it can for every candidate. So it is for
-- most callers, who have no settings and keys of their own and ask for no key, order or route in particular; the platform then needs a key per
-- provider that is good for all its profiles, at the provider's own address. In one statement, because every request pays for it.
create function darkroom.stands(c darkroom.caller, p_request jsonb) returns boolean
language plpgsql stable as $$
declare v_providers jsonb := jsonb_path_query_array(p_request, '$.jobs[*].stages.*.candidates[*].provider');
begin
  return not p_request @? '$.jobs[*] ? (exists (@.routing.provider_key) || exists (@.routing.order) || @.routing.byok_only == true
      || @.requested_model != @.model && @.requested_model != "auto")'
    and not exists (select from darkroom.provider_settings s where s.account_id in (c.account_id, c.person_account))
    and not exists (select from darkroom.provider_api_keys k where k.account_id in (c.account_id, c.person_account) and k.deleted_at is null)
    and not exists (select from jsonb_array_elements_text(v_providers) p (name) where not exists (
      select from darkroom.provider_api_keys k where k.owner_kind = 'platform' and k.owner_id = 'platform' and k.provider_name = p.name
        and k.deleted_at is null and k.is_active and k.state = 'active' and k.provider_key is null and k.endpoint is null));
end $$;

-- The settings of an operation, the one that counts first; null: none.
create function darkroom.settings_for(c darkroom.caller, p_operation text) returns darkroom.provider_settings[]
language plpgsql stable as $$
declare v_operation text := darkroom.setting_operation(p_operation);
begin
  return (select array_agg(s order by o.rank)
    from darkroom.owners(c) o join darkroom.provider_settings s on s.owner_kind = o.owner_kind and s.owner_id = o.owner_id
   where s.operation = v_operation and o.rank < 4);
end $$;

-- The providers that some level of the caller has a key for.
create function darkroom.own_providers(c darkroom.caller) returns text[]
language plpgsql stable as $$
begin
  return array(select k.provider_name from darkroom.owners(c) o join darkroom.provider_api_keys k on k.owner_kind = o.owner_kind and k.owner_id = o.owner_id
    where o.rank < 4 and k.deleted_at is null and k.is_active group by 1);
end $$;

-- What the catalogue says of a candidate, as far as it decides.
create type darkroom.route as (
  provider text,
  provider_model text,
  model text,
  profiles text[],
  outputs_per_call int,
  credits bigint,            -- of one output, with the platform's key
  fee_credits bigint,        -- with an own one
  price_version text
);

-- A candidate on its way to a decision: who would pay for it, the caller's own key and the platform's.
create type darkroom.choice as (
  body jsonb,                -- as it came
  route darkroom.route,
  place int,                 -- its turn: what the request names, what a setting names, the catalogue's order
  named int,                 -- 0 by the request, 1 by the setting with this very model, 2 by the setting, 3 not in particular
  rank int,                  -- of the level that has an own key; null: none
  credential text,
  owner_kind text,
  owner_id text,
  profile text,
  usable boolean,            -- the own key is in service
  why text,                  -- it is not: the reason
  endpoint text,             -- a custom address: the setting's, or the own key's
  platform_profile text,     -- the platform has a key, for this profile
  platform_endpoint text,    -- which was kept with this address
  platform boolean,          -- and may pay
  after_own boolean          -- but only once own keys have failed
);

create function darkroom.how_named(r darkroom.route, s darkroom.provider_settings, p_routing jsonb, p_pinned text) returns int
language plpgsql immutable as $$
begin
  if r.provider_model = p_pinned then return 0; end if;
  if jsonb_typeof(p_routing->'order') = 'array' and p_routing->'order' ?| (r.profiles || r.provider || r.provider_model) then return 0; end if;
  if p_routing->>'sort' is not null or s.provider is distinct from r.provider then return 3; end if;
  if s.model in (r.provider_model, r.model) then return 1; end if;
  return 2;
end $$;

-- Adds the caller's own key: the first level that has one, in service or not. A level whose key is out of service does not leave the bill to
-- the next one. A custom endpoint gets its own level's key that was kept with that very address, or the row that stands for none.
create function darkroom.own_payer(h darkroom.choice, c darkroom.caller, p_key text, s darkroom.provider_settings) returns darkroom.choice
language plpgsql stable as $$
declare v_endpoint text := darkroom.address(s.endpoint_url); v_kept text; r darkroom.route := h.route;
begin
  select o.rank, case when p_key is null then o.credential else 'request' end, o.owner_kind, o.owner_id, coalesce(k.provider_key, r.profiles[1]),
      k.state = 'active', format('the %s''s own key is %s%s', o.credential, replace(k.state, '_', ' '), ': ' || k.state_reason), k.endpoint
    into h.rank, h.credential, h.owner_kind, h.owner_id, h.profile, h.usable, h.why, v_kept
    from darkroom.owners(c) o join darkroom.provider_api_keys k on k.owner_kind = o.owner_kind and k.owner_id = o.owner_id
   where o.rank < 4 and k.provider_name = r.provider and k.deleted_at is null and k.is_active
     and (k.provider_key is null or k.provider_key = any (r.profiles)) and (p_key is null or k.id = p_key)
     and case when v_endpoint is null then k.source <> 'endpoint'
       else k.owner_kind = s.owner_kind and k.owner_id = s.owner_id and k.endpoint = v_endpoint end
   order by o.rank, k.state = 'active' desc, k.endpoint is not null, array_position(r.profiles, coalesce(k.provider_key, r.profiles[1])), k.id limit 1;
  h.endpoint := coalesce(h.endpoint, v_kept);
  return h;
end $$;

-- Adds the platform's key, one for its provider's own address first.
create function darkroom.platform_payer(h darkroom.choice, p_key text) returns darkroom.choice
language plpgsql stable as $$
declare r darkroom.route := h.route;
begin
  select coalesce(k.provider_key, r.profiles[1]), k.endpoint into h.platform_profile, h.platform_endpoint from darkroom.provider_api_keys k
   where k.owner_kind = 'platform' and k.owner_id = 'platform' and k.provider_name = r.provider and k.deleted_at is null and k.is_active
     and k.state = 'active' and (k.provider_key is null or k.provider_key = any (r.profiles)) and (p_key is null or k.id = p_key)
   order by k.endpoint is not null, array_position(r.profiles, coalesce(k.provider_key, r.profiles[1])), k.id limit 1;
  return h;
end $$;

-- The setting that orders these candidates: the first whose provider can do it at all.
create function darkroom.wanted_setting(p_settings darkroom.provider_settings[], p_candidates jsonb) returns darkroom.provider_settings
language plpgsql stable as $$
declare s darkroom.provider_settings;
begin
  if p_settings is null then return null; end if;
  foreach s in array p_settings loop
    if jsonb_path_exists(p_candidates, '$[*] ? (@.provider == $provider)', jsonb_build_object('provider', s.provider)) then return s; end if;
  end loop;
  return null;
end $$;

-- The first setting of a provider, or the first that names a model as well.
create function darkroom.setting_of(p_settings darkroom.provider_settings[], p_provider text, p_model boolean default false) returns darkroom.provider_settings
language plpgsql immutable as $$
declare s darkroom.provider_settings;
begin
  foreach s in array coalesce(p_settings, '{}') loop
    if s.provider = p_provider and (s.model is not null or not p_model) then return s; end if;
  end loop;
  return null;
end $$;

-- Every candidate with whoever could pay for it, in the order of their turns.
create function darkroom.weigh_candidates(c darkroom.caller, p_settings darkroom.provider_settings[], p_own text[], p_routing jsonb, p_candidates jsonb,
  p_pinned text, p_key text) returns darkroom.choice[] language plpgsql stable as $$
declare
  v_wanted darkroom.provider_settings; s darkroom.provider_settings; h darkroom.choice; v_all darkroom.choice[] := '{}'::darkroom.choice[]; v_last int := 0;
  v_sorted boolean := true; v_plain boolean := p_settings is null and p_pinned is null and not p_routing ? 'order';
begin
  if p_settings is not null then
    v_wanted := darkroom.wanted_setting(p_settings, p_candidates);
    -- The model has a level of its own: the first that names one for this provider.
    v_wanted.model := coalesce(v_wanted.model, (darkroom.setting_of(p_settings, v_wanted.provider, true)).model);
  end if;
  for i in 0 .. jsonb_array_length(p_candidates) - 1 loop
    h := null;
    h.body := p_candidates->i;
    h.route := jsonb_populate_record(null::darkroom.route, h.body);
    h.named := 3;
    if not v_plain then
      h.named := darkroom.how_named(h.route, v_wanted, p_routing, p_pinned);
      h.place := h.named * 1000 + i;
      v_sorted := v_sorted and h.place > v_last;
      v_last := h.place;
    end if;
    if p_settings is not null then
      s := darkroom.setting_of(p_settings, (h.route).provider);
      h.endpoint := s.endpoint_url;
    end if;
    if (h.route).provider = any (p_own) then h := darkroom.own_payer(h, c, p_key, s); end if;
    if s.endpoint_url is null and not coalesce((p_routing->>'byok_only')::boolean, false) then h := darkroom.platform_payer(h, p_key); end if;
    v_all := v_all || h;
  end loop;
  if v_sorted then return v_all; end if;
  return array(select x from unnest(v_all) x order by (x).place);
end $$;
