-- Who does it: a job's candidates decided, ordered and priced.

-- What became of a candidate, and why.
create type darkroom.consideration as (provider text, provider_model text, outcome text, reason text);

create type darkroom.resolution as (
  usable jsonb,              -- an array
  considered darkroom.consideration[],
  outputs_per_part int,
  credits_max bigint
);

-- The candidates that have a key, each with lane, credential and price (an own key costs the platform's fee only), what became of the
-- rest, how many outputs each of them makes in one call, and the highest price of an output. Own keys, in service or not, never give way to
-- the platform's unless routing.allow_platform_key; a provider that the request or a setting names may come first with the platform's key,
-- but never after an own one, and not for `auto`.
create function darkroom.resolve_candidates(c darkroom.caller, p_settings darkroom.provider_settings[], p_own text[], p_routing jsonb, p_candidates jsonb,
  p_pinned text, p_auto boolean) returns darkroom.resolution
language plpgsql stable as $$
declare
  r darkroom.resolution;
  v_key text := case when starts_with(p_routing->>'provider_key', 'key_') then p_routing->>'provider_key' end;
  v_allowed boolean := coalesce((p_routing->>'allow_platform_key')::boolean, false);
  v_all darkroom.choice[] := darkroom.weigh_candidates(c, p_settings, p_own, p_routing, p_candidates, p_pinned, v_key);
  h darkroom.choice; v_own boolean := false; v_before_own boolean := true; v_later jsonb := '[]'; v jsonb;
begin
  r.usable := '[]'; r.considered := '{}'::darkroom.consideration[];
  foreach h in array v_all loop v_own := v_own or h.rank is not null; end loop;
  foreach h in array v_all loop
    v_before_own := v_before_own and h.rank is null;
    h.platform := h.platform_profile is not null and (not v_own or v_allowed or v_before_own and h.named < 3 and not p_auto);
    if h.usable then
      v := h.body #- '{per_second,credits}' || jsonb_build_object('credits', coalesce((h.route).fee_credits, 0));
      r.usable := r.usable || darkroom.paid_by(v, h.profile, h.owner_kind, h.owner_id, h.credential, v_key, h.endpoint);
      r.credits_max := greatest(r.credits_max, (h.route).fee_credits, 0);
    end if;
    if h.platform then
      v := darkroom.paid_by(h.body, h.platform_profile, 'platform', 'platform', 'environment', v_key, h.platform_endpoint);
      if v_own and not (v_before_own and h.named < 3 and not p_auto) then v_later := v_later || v; else r.usable := r.usable || v; end if;
      r.credits_max := greatest(r.credits_max, (h.route).credits);
    end if;
    if h.usable or h.platform then r.outputs_per_part := least(r.outputs_per_part, (h.route).outputs_per_call); end if;
    r.considered := r.considered || darkroom.considered(h);
  end loop;
  r.usable := r.usable || v_later;
  return r;
end $$;

-- A candidate with its payer and the lane that it waits in.
create function darkroom.paid_by(p_body jsonb, p_profile text, p_owner_kind text, p_owner_id text, p_credential text, p_key text, p_endpoint text)
returns jsonb language plpgsql immutable as $$
declare v_lane text := p_profile || ':platform';
begin
  if p_owner_kind <> 'platform' then v_lane := p_profile || ':' || p_owner_kind || ':' || p_owner_id; end if;
  if p_endpoint is not null then
    v_lane := v_lane || '@' || darkroom.address_mark(darkroom.address(p_endpoint));
    p_body := p_body || jsonb_build_object('endpoint_url', p_endpoint);
  end if;
  if p_key is not null then v_lane := v_lane || '#' || p_key; end if;
  return p_body || jsonb_build_object('profile', p_profile, 'owner_kind', p_owner_kind, 'owner_id', p_owner_id, 'credential', p_credential, 'lane', v_lane);
end $$;

create function darkroom.considered(h darkroom.choice) returns darkroom.consideration language plpgsql immutable as $$
declare v_reason text := 'no usable key';
begin
  if h.usable then v_reason := 'key of: ' || h.credential;
  elsif h.platform then v_reason := 'key of: environment';
  elsif h.rank is not null then v_reason := h.why;
  elsif h.platform_profile is not null then v_reason := 'only the platform has a key'; end if;
  if h.named in (1, 2) then v_reason := v_reason || '; named by a setting'; end if;
  return ((h.route).provider, (h.route).provider_model, case when h.usable or h.platform then 'candidate' else 'skipped' end, v_reason)::darkroom.consideration;
end $$;

-- Where the page for an operation's setting reads and writes; the Worker puts its origin in front.
create function darkroom.setting_path(c darkroom.caller, p_operation text) returns text language sql immutable as $$
  select '/v1/provider-settings/' || case when c.project_id is not null then 'project/' || c.project_id
      when c.organization_id is not null then 'organization/' || c.organization_id else 'user/me' end
    || '/' || darkroom.setting_operation(p_operation)
$$;

-- Nobody can pay. Of all reasons an own key that is out of service tells most.
create function darkroom.key_missing(c darkroom.caller, p_operation text, p_considered jsonb) returns jsonb language sql immutable as $$
  select darkroom.refuse('provider_key_missing', format('%s needs a key for %s: %s.', p_operation, x->>'provider', x->>'reason'),
      jsonb_build_object('operation', p_operation, 'provider', x->'provider', 'reason', x->'reason', 'settings_url', darkroom.setting_path(c, p_operation), 'considered', p_considered))
    from jsonb_array_elements(p_considered) with ordinality y (x, n) order by starts_with(x->>'reason', 'the ') desc, n limit 1
$$;

-- Whether a request lets the platform's keys pay beside own ones: in general, or by naming one.
create function darkroom.asks_for_platform(p_routing jsonb) returns boolean language plpgsql stable as $$
begin
  return coalesce((p_routing->>'allow_platform_key')::boolean, false)
    or exists (select from darkroom.provider_api_keys k where k.id = p_routing->>'provider_key' and k.owner_kind = 'platform');
end $$;

-- One that names no payer is the platform's, with the first of its profiles.
create function darkroom.with_payer(p_candidate jsonb) returns jsonb language plpgsql immutable as $$
begin
  if p_candidate ? 'lane' then return p_candidate; end if;
  return darkroom.paid_by(p_candidate, p_candidate->'profiles'->>0, 'platform', 'platform', 'environment', null, null);
end $$;

-- One job of a request: what was asked for, and how it will be done. `submit` plans for the platform's keys; what a caller's own settings and
-- keys change of that is written over it here.
create type darkroom.job_spec as (
  model text,
  requested_model text,
  operation text,
  input jsonb,
  count int,
  preview text,
  priority text,
  metadata jsonb,
  webhook_url text,
  webhook_events jsonb,
  warnings jsonb,
  routing jsonb,
  eta_seconds numeric,
  end_user text,
  deadline_seconds int,
  deadline_set boolean,
  considered jsonb,
  stages jsonb,              -- {name: {candidates, outputs_per_part}}
  stage text,                -- where it begins: this stage's parts, of so many outputs each, wait in this lane
  lane text,
  outputs_per_part int,
  credits bigint,            -- with its first candidate
  hold bigint,               -- with its dearest
  price_version text
);

-- Why a credential may not ask for this; null: it may. A key that is named must be one that the caller sees.
create function darkroom.forbidden_job(c darkroom.caller, p_spec jsonb) returns jsonb
language plpgsql stable as $$
declare v_key text := p_spec->'routing'->>'provider_key';
begin
  if starts_with(v_key, 'key_') and not exists (select from darkroom.provider_api_keys k where k.id = v_key and k.deleted_at is null) then
    return darkroom.refuse('not_found', 'There is no such provider key.');
  end if;
  if not p_spec->>'model' = any (c.allowed_models) then
    return darkroom.refuse('forbidden', format('This key may not use the model %s.', p_spec->>'model'));
  end if;
  if c.client_token_id is not null and darkroom.asks_for_platform(p_spec->'routing') then
    return darkroom.refuse('forbidden', 'A client token cannot choose the platform''s keys; leave out routing.allow_platform_key and its routing.provider_key.');
  end if;
  return null;
end $$;

-- One job with the caller's settings and keys: its plan made anew, or {refusal}.
create function darkroom.resolve_job(c darkroom.caller, p_spec jsonb) returns jsonb
language plpgsql stable as $$
declare
  s darkroom.job_spec := jsonb_populate_record(null::darkroom.job_spec, p_spec); r darkroom.resolution; v_stage text;
  v_settings darkroom.provider_settings[] := darkroom.settings_for(c, s.operation); v_providers text[] := darkroom.own_providers(c);
begin
  s.stage := null;
  foreach v_stage in array array['preview', 'final'] loop
    continue when not s.stages ? v_stage;
    r := darkroom.resolve_candidates(c, v_settings, v_providers, coalesce(s.routing, '{}'), s.stages->v_stage->'candidates',
      nullif(s.requested_model, s.model), s.requested_model = 'auto');
    if r.usable = '[]' then return darkroom.key_missing(c, s.operation, to_jsonb(r.considered)); end if;
    s.stages := s.stages || jsonb_build_object(v_stage, jsonb_build_object('candidates', r.usable, 'outputs_per_part', r.outputs_per_part));
    if s.stage is null then s.stage := v_stage; s.lane := r.usable->0->>'lane'; s.outputs_per_part := r.outputs_per_part; end if;
  end loop;
  s.considered := coalesce(s.considered, '[]') || to_jsonb(r.considered);
  s.credits := (r.usable->0->'credits')::bigint * s.count;
  s.hold := r.credits_max * s.count;
  s.price_version := r.usable->0->>'price_version';
  return to_jsonb(s);
end $$;

-- A request with all its jobs allowed and planned, or {refusal}. p_stands: their plans stand as they were sent.
create function darkroom.plan_jobs(c darkroom.caller, p_request jsonb, p_stands boolean) returns jsonb
language plpgsql stable as $$
declare v jsonb; v_refusal jsonb;
begin
  v_refusal := darkroom.check_quote(c.account_id, p_request->>'quote_id', p_request->>'request_hash');
  if v_refusal is not null then return v_refusal; end if;
  for i in 0 .. jsonb_array_length(p_request->'jobs') - 1 loop
    v := p_request->'jobs'->i;
    v_refusal := darkroom.forbidden_job(c, v);
    if v_refusal is not null then return v_refusal; end if;
    continue when p_stands;
    v := darkroom.resolve_job(c, v);
    if v ? 'refusal' then return v; end if;
    p_request := jsonb_set(p_request, array['jobs', i::text], v);
  end loop;
  return p_request;
end $$;
