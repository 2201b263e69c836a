-- Keys that clients hold. SQL sees prefix and hash only. No key can make or change one that may do more than itself.

-- For whoever manages the account. `cap_used`: how much of its cap is drawn this month.
create function darkroom.api_key_json(k darkroom.api_keys) returns jsonb language plpgsql stable as $$
begin
  return jsonb_build_object('id', k.id, 'object', 'api_key', 'name', k.name, 'prefix', k.prefix, 'scopes', to_jsonb(k.scopes),
    'allowed_models', to_jsonb(k.allowed_models), 'monthly_credit_cap', k.monthly_credit_cap, 'rate_limit_per_minute', k.rate_limit_per_minute,
    'account_id', k.account_id, 'organization_id', darkroom.scope_id('organization', k.account_id), 'user_id', k.user_id,
    'cap_used', case when k.monthly_credit_cap is not null then (select coalesce(sum(x.used), 0)::bigint from darkroom.caps x
      where x.account_id = k.account_id and x.subject = coalesce(k.root_id, k.id)
        and x.period = date_trunc('month', darkroom.now() at time zone 'UTC')::date) end,
    'status', case when k.revoked_at is not null then 'revoked' when k.expires_at <= darkroom.now() then 'expired' else 'active' end,
    'replaced_by', k.replaced_by, 'expires_at', darkroom.iso(k.expires_at), 'revoked_at', darkroom.iso(k.revoked_at),
    'last_used_at', darkroom.iso(k.last_used_at), 'created_at', darkroom.iso(k.created_at));
end $$;

create function darkroom.api_key_audit(k darkroom.api_keys) returns jsonb language sql stable as $$
  select jsonb_build_object('name', k.name, 'prefix', k.prefix, 'scopes', to_jsonb(k.scopes), 'allowed_models', to_jsonb(k.allowed_models),
    'monthly_credit_cap', k.monthly_credit_cap, 'rate_limit_per_minute', k.rate_limit_per_minute, 'expires_at', darkroom.iso(k.expires_at))
$$;

-- Why `c` may not give out this key: null if it may. A key with a cap cannot make keys at all: each would come with the cap anew.
create function darkroom.exceeds(c darkroom.caller, k darkroom.api_keys) returns text
language plpgsql stable security definer set search_path = '' as $$
declare o darkroom.api_keys;
begin
  if 'admin' = any (c.scopes) then return null; end if;
  if not k.scopes <@ c.scopes then return 'A key cannot have scopes that its maker lacks.'; end if;
  if c.api_key_id is null then return null; end if;
  select * into o from darkroom.api_keys x where x.id = c.api_key_id;
  return case
    when o.monthly_credit_cap is not null then 'A key with a cap cannot make or change keys.'
    when o.allowed_models is not null and not coalesce(k.allowed_models <@ o.allowed_models, false) then 'A key cannot allow models that its maker may not use.'
    when o.rate_limit_per_minute < coalesce(k.rate_limit_per_minute, 2147483647) then 'A key cannot have a higher rate limit than its maker.'
    when o.expires_at < coalesce(k.expires_at, 'infinity') then 'A key cannot outlive its maker.' end;
end $$;

-- request: {name, scopes, expires_at?, allowed_models?, monthly_credit_cap?, rate_limit_per_minute?, organization_id?, prefix, hash}
create function api.create_api_key(credential jsonb, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_scope(credential, 'manage', case when request->>'organization_id' is not null then 'organization' end, request->>'organization_id');
  k darkroom.api_keys; v jsonb; v_why text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    select * into k from darkroom.api_keys x where x.id = v->'object_ids'->>0;
    return darkroom.ok(darkroom.api_key_json(k) || '{"replayed": true}');
  end if;
  k.scopes := darkroom.text_array(request->'scopes'); k.allowed_models := darkroom.text_array(request->'allowed_models');
  k.expires_at := (request->>'expires_at')::timestamptz; k.monthly_credit_cap := (request->>'monthly_credit_cap')::bigint;
  k.rate_limit_per_minute := (request->>'rate_limit_per_minute')::int;
  v_why := darkroom.exceeds(c, k);
  if v_why is not null then return darkroom.refuse('forbidden', v_why); end if;
  if k.expires_at <= darkroom.now() then
    return darkroom.refuse('invalid_input', null, '{"errors": [{"path": "expires_at", "message": "Must be in the future"}]}');
  end if;
  insert into darkroom.api_keys (account_id, user_id, hash, prefix, name, scopes, allowed_models, monthly_credit_cap, rate_limit_per_minute, expires_at)
    values (c.account_id, c.user_id, request->>'hash', request->>'prefix', coalesce(request->>'name', ''), k.scopes, k.allowed_models,
      k.monthly_credit_cap, k.rate_limit_per_minute, k.expires_at) returning * into k;
  perform darkroom.made(c, idempotency, 'api_key', k.id);
  perform darkroom.audit(c, c.account_id, 'api_key.created', 'api_key', k.id, null, darkroom.api_key_audit(k));
  return darkroom.ok(darkroom.api_key_json(k) || '{"replayed": false}');
end $$;

-- filter: {organization_id?, limit?, cursor?}
create function api.list_api_keys(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_scope(credential, 'manage', case when filter->>'organization_id' is not null then 'organization' end, filter->>'organization_id');
  v_limit int := coalesce((filter->>'limit')::int, 50); v_ids text[];
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select array_agg(x.id order by x.id desc) into v_ids from (
    select k.id from darkroom.api_keys k where k.account_id = c.account_id and (filter->>'cursor' is null or k.id < filter->>'cursor')
     order by k.id desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object(
    'data', (select coalesce(jsonb_agg(darkroom.api_key_json(k) order by k.id desc), '[]') from darkroom.api_keys k where k.id = any (v_ids[1:v_limit])),
    'next_cursor', case when cardinality(v_ids) > v_limit then v_ids[v_limit] end));
end $$;

-- The caller in the account that owns a key, if that is one of its own; a stranger's key does not exist.
create function darkroom.enter_api_key(p_credential jsonb, p_id text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; v_account text; v_organization text;
begin
  select k.account_id into v_account from darkroom.api_keys k where k.id = p_id;
  v_organization := darkroom.scope_id('organization', v_account);
  c := darkroom.enter_scope(p_credential, 'manage', case when v_organization is null then 'user' else 'organization' end, coalesce(v_organization, v_account, 'none'));
  return c;
end $$;

create function api.get_api_key(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_api_key(credential, id);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select darkroom.api_key_json(k) from darkroom.api_keys k where k.id = get_api_key.id));
end $$;

select darkroom.own('darkroom.exceeds(darkroom.caller, darkroom.api_keys)', 'darkroom_system');
select darkroom.own('darkroom.enter_api_key(jsonb, text)', 'darkroom_system');
select darkroom.expose('api.create_api_key(jsonb,jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_api_keys(jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.get_api_key(jsonb,text)', 'darkroom_account', 'keys');
