-- Who does it: a job's candidates decided, ordered and priced.

-- The candidates that have a key, each with lane, credential and price (an own key costs the platform's fee only), what became of the
-- rest, how many outputs each of them makes in one call, and the highest price of an output. Own keys, in service or not, never give way to
-- the platform's unless routing.allow_platform_key; a provider that the request or a setting names may come first with the platform's key,
-- but never after an own one, and not for `auto`.
create function darkroom.resolve_candidates(c darkroom.caller, p_settings darkroom.provider_settings[], p_routing jsonb, p_candidates jsonb,
  p_pinned text, p_auto boolean, out usable jsonb, out considered jsonb, out outputs_per_part int, out credits_max bigint)
language plpgsql stable as $$
declare
  v_key text := case when starts_with(p_routing->>'provider_key', 'key_') then p_routing->>'provider_key' end;
  v_allowed boolean := coalesce((p_routing->>'allow_platform_key')::boolean, false);
  v_all darkroom.choice[] := darkroom.weigh_candidates(c, p_settings, p_routing, p_candidates, p_pinned);
  h darkroom.choice; v_own boolean := false; v_before_own boolean := true; v_later jsonb := '[]'; v jsonb;
begin
  usable := '[]'; considered := '[]';
  foreach h in array v_all loop v_own := v_own or h.rank is not null; end loop;
  foreach h in array v_all loop
    v_before_own := v_before_own and h.rank is null;
    h.platform := h.platform_profile is not null and (not v_own or v_allowed or v_before_own and h.named < 3 and not p_auto);
    h.after_own := v_own and not (v_before_own and h.named < 3 and not p_auto);
    if h.usable then usable := usable || darkroom.own_candidate(h, v_key); end if;
    if h.platform then
      v := darkroom.platform_candidate(h, v_key);
      if h.after_own then v_later := v_later || v; else usable := usable || v; end if;
    end if;
    considered := considered || darkroom.considered(h);
  end loop;
  usable := usable || v_later;
  for i in 0 .. jsonb_array_length(usable) - 1 loop
    outputs_per_part := least(outputs_per_part, (usable->i->>'outputs_per_call')::int);
    credits_max := greatest(credits_max, (usable->i->>'credits')::bigint);
  end loop;
end $$;

create function darkroom.own_candidate(h darkroom.choice, p_key text) returns jsonb language plpgsql immutable as $$
begin
  return h.body || jsonb_build_object('profile', h.profile, 'owner_kind', h.owner_kind, 'owner_id', h.owner_id, 'credential', h.credential,
      'lane', darkroom.lane_id(h.profile, h.owner_kind, h.owner_id, p_key, h.endpoint), 'credits', coalesce((h.body->>'fee_credits')::bigint, 0))
    || case when h.endpoint is null then '{}' else jsonb_build_object('endpoint_url', h.endpoint) end;
end $$;

create function darkroom.platform_candidate(h darkroom.choice, p_key text) returns jsonb language plpgsql immutable as $$
begin
  return h.body || jsonb_build_object('profile', h.platform_profile, 'owner_kind', 'platform', 'owner_id', 'platform', 'credential', 'environment',
    'lane', darkroom.lane_id(h.platform_profile, 'platform', 'platform', p_key, h.platform_endpoint))
    || case when h.platform_endpoint is null then '{}' else jsonb_build_object('endpoint_url', h.platform_endpoint) end;
end $$;

create function darkroom.considered(h darkroom.choice) returns jsonb language plpgsql immutable as $$
begin
  return jsonb_build_object('provider', h.body->'provider', 'provider_model', h.body->'provider_model',
    'outcome', case when h.usable or h.platform then 'candidate' else 'skipped' end,
    'reason', case when h.usable then 'key of: ' || h.credential when h.platform then 'key of: environment' when h.rank is not null then h.why
        when h.platform_profile is not null then 'only the platform has a key' else 'no usable key' end
      || case when h.named in (1, 2) then '; named by a setting' else '' end);
end $$;

-- Where the page for an operation's setting reads and writes; the Worker puts its origin in front.
create function darkroom.setting_path(c darkroom.caller, p_operation text) returns text language sql immutable as $$
  select '/v1/provider-settings/' || case when c.project_id is not null then 'project/' || c.project_id
      when c.organization_id is not null then 'organization/' || c.organization_id else 'user/me' end
    || '/' || darkroom.setting_operation(p_operation)
$$;

create function darkroom.key_missing(c darkroom.caller, p_operation text, p_considered jsonb) returns jsonb language sql immutable as $$
  select darkroom.refuse('provider_key_missing',
    format('%s needs a key for %s: %s.', p_operation, p_considered->0->>'provider', p_considered->0->>'reason'),
    jsonb_build_object('operation', p_operation, 'provider', p_considered->0->>'provider', 'settings_url', darkroom.setting_path(c, p_operation),
      'considered', p_considered))
$$;

-- Whether a request lets the platform's keys pay beside own ones: in general, or by naming one.
create function darkroom.asks_for_platform(p_routing jsonb) returns boolean language plpgsql stable as $$
begin
  return coalesce((p_routing->>'allow_platform_key')::boolean, false)
    or exists (select from darkroom.provider_api_keys k where k.id = p_routing->>'provider_key' and k.owner_kind = 'platform');
end $$;

-- One job's request with its keys resolved and its price: {spec…, stages: {name: {candidates, outputs_per_part}}, credits, hold}. Refusal: no key.
create function darkroom.price_job(c darkroom.caller, p_spec jsonb) returns jsonb
language plpgsql stable as $$
declare
  v_stage jsonb; v_stages jsonb := '{}'; r record; i int; v_count int := (p_spec->>'count')::int;
  v_settings darkroom.provider_settings[] := darkroom.settings_for(c, p_spec->>'operation');
begin
  if c.allowed_models is not null and not (p_spec->>'model' = any (c.allowed_models)) then
    return darkroom.refuse('forbidden', 'This key may not use the model ' || (p_spec->>'model') || '.');
  end if;
  if c.client_token_id is not null and darkroom.asks_for_platform(p_spec->'routing') then
    return darkroom.refuse('forbidden', 'A client token cannot choose the platform''s keys; leave out routing.allow_platform_key and its routing.provider_key.');
  end if;
  for i in 0 .. jsonb_array_length(p_spec->'stages') - 1 loop        -- stages come in order: the last one is what is paid for
    v_stage := p_spec->'stages'->i;
    r := darkroom.resolve_candidates(c, v_settings, coalesce(p_spec->'routing', '{}'), v_stage->'candidates',
      nullif(p_spec->>'requested_model', p_spec->>'model'), p_spec->>'requested_model' = 'auto');
    if jsonb_array_length(r.usable) = 0 then return darkroom.key_missing(c, p_spec->>'operation', r.considered); end if;
    v_stages := v_stages || jsonb_build_object(v_stage->>'stage', jsonb_build_object('candidates', r.usable, 'outputs_per_part', r.outputs_per_part));
  end loop;
  return p_spec || jsonb_build_object('stages', v_stages, 'considered', coalesce(p_spec->'considered', '[]') || r.considered,
    'credits', (r.usable->0->>'credits')::bigint * v_count, 'hold', r.credits_max * v_count, 'price_version', r.usable->0->>'price_version');
end $$;
