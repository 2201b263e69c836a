-- Who does it: a job's candidates decided, ordered and priced.

-- What became of a candidate, and why.
create type darkroom.consideration as (provider text, provider_model text, outcome text, reason text);

create type darkroom.resolution as (
  usable jsonb[],
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
  h darkroom.choice; v_own boolean := false; v_before_own boolean := true; v_later jsonb[] := '{}'::jsonb[]; v jsonb;
begin
  r.usable := '{}'::jsonb[]; r.considered := '{}'::darkroom.consideration[];
  foreach h in array v_all loop v_own := v_own or h.rank is not null; end loop;
  foreach h in array v_all loop
    v_before_own := v_before_own and h.rank is null;
    h.platform := h.platform_profile is not null and (not v_own or v_allowed or v_before_own and h.named < 3 and not p_auto);
    if h.usable then
      v := h.body || jsonb_build_object('credits', coalesce((h.route).fee_credits, 0));
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

-- What a request says of one job.
create type darkroom.job_spec as (
  model text,
  requested_model text,
  operation text,
  input jsonb,
  count int,
  preview text,
  priority text,
  stages jsonb,              -- [{stage, candidates}] in order: the last one is what is paid for
  routing jsonb,
  considered jsonb,
  metadata jsonb,
  webhook_url text,
  webhook_events jsonb,
  warnings jsonb,
  eta_seconds numeric,
  end_user text,
  deadline_seconds int,
  deadline_set boolean
);

-- A stage as its job keeps it, under its name.
create type darkroom.stage as (candidates jsonb[], outputs_per_part int);

-- One job with its keys resolved and its price.
create type darkroom.job_price as (
  id text collate "C",       -- of the job that it becomes
  refusal jsonb,             -- no key, or one that may not do this
  spec darkroom.job_spec,
  stages jsonb,              -- {name: {candidates, outputs_per_part}}
  considered jsonb,
  stage text,                -- where it begins: its first stage, cut like this, waits for this candidate
  outputs_per_part int,
  candidate jsonb,
  credits bigint,            -- with its first candidate
  hold bigint,               -- with its dearest
  price_version text
);

-- Why a credential may not ask for this; null: it may.
create function darkroom.forbidden_job(c darkroom.caller, s darkroom.job_spec) returns jsonb
language plpgsql stable as $$
begin
  if not s.model = any (c.allowed_models) then return darkroom.refuse('forbidden', 'This key may not use the model ' || s.model || '.'); end if;
  if c.client_token_id is not null and darkroom.asks_for_platform(s.routing) then
    return darkroom.refuse('forbidden', 'A client token cannot choose the platform''s keys; leave out routing.allow_platform_key and its routing.provider_key.');
  end if;
  return null;
end $$;

-- p_own: whether the caller has any settings or keys of its own.
create function darkroom.price_job(c darkroom.caller, p_spec jsonb, p_own boolean) returns darkroom.job_price
language plpgsql stable as $$
declare
  s darkroom.job_spec := jsonb_populate_record(null::darkroom.job_spec, p_spec); p darkroom.job_price; r darkroom.resolution; v_stage jsonb;
  v_settings darkroom.provider_settings[]; v_providers text[];
begin
  if c.allowed_models is not null or c.client_token_id is not null then p.refusal := darkroom.forbidden_job(c, s); end if;
  if p.refusal is not null then return p; end if;
  if p_own then
    v_settings := darkroom.settings_for(c, s.operation);
    v_providers := darkroom.own_providers(c);
  end if;
  for i in 0 .. jsonb_array_length(s.stages) - 1 loop
    v_stage := s.stages->i;
    r := darkroom.resolve_candidates(c, v_settings, v_providers, coalesce(s.routing, '{}'), v_stage->'candidates', nullif(s.requested_model, s.model),
      s.requested_model = 'auto');
    if cardinality(r.usable) = 0 then
      p.refusal := darkroom.key_missing(c, s.operation, to_jsonb(r.considered));
      return p;
    end if;
    if i = 0 then
      p.stage := v_stage->>'stage'; p.candidate := r.usable[1]; p.outputs_per_part := r.outputs_per_part;
    end if;
    v_stage := jsonb_build_object(v_stage->>'stage', (r.usable, r.outputs_per_part)::darkroom.stage);
    p.stages := coalesce(p.stages || v_stage, v_stage);
  end loop;
  p.spec := s;
  p.considered := coalesce(s.considered, '[]') || to_jsonb(r.considered);
  p.credits := (r.usable[1]->>'credits')::bigint * s.count;
  p.hold := r.credits_max * s.count;
  p.price_version := r.usable[1]->>'price_version';
  return p;
end $$;
