-- Organisations: an account of several people. Whoever makes one is its first owner.

create function darkroom.organization_json(o darkroom.organizations, p_role text) returns jsonb language sql immutable as $$
  select jsonb_build_object('id', o.id, 'object', 'organization', 'name', o.name, 'account_id', o.account_id, 'role', p_role,
    'created_at', darkroom.iso(o.created_at))
$$;

-- The caller inside an organisation, with its role there. Right `read`: any member; `manage`: owners and admins. An organisation's own
-- key with the scope `keys` acts as an admin, an operator as an owner.
create function darkroom.enter_organization(p_credential jsonb, p_right text, p_organization text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(p_credential, p_right, 'organization', p_organization);
begin
  if c.refusal is not null then return c; end if;
  if 'admin' = any (c.scopes) then c.role := 'owner';
  elsif c.person_account is null then c.role := 'admin';
  else select m.role into c.role from darkroom.members m where m.organization_id = c.organization_id and m.user_id = c.user_id;
  end if;
  return c;
end $$;

-- Why `c` may not decide about people: null if it may. A key that is limited in anything could let in somebody who is not.
create function darkroom.limited_key(c darkroom.caller) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  if c.api_key_id is null or exists (select from darkroom.api_keys k where k.id = c.api_key_id
      and (k.scopes @> array['jobs', 'keys', 'billing', 'webhooks'] or 'admin' = any (k.scopes))
      and k.monthly_credit_cap is null and k.expires_at is null and k.allowed_models is null and k.rate_limit_per_minute is null) then
    return null;
  end if;
  return darkroom.refuse('forbidden', 'Only a key without limits (all scopes; no expiry, models, cap or rate limit of its own) can manage people.');
end $$;

create function darkroom.open_organization(p_user uuid, p_name text) returns darkroom.organizations
language plpgsql security definer set search_path = '' as $$
declare o darkroom.organizations;
begin
  insert into darkroom.organizations (account_id, name) values (darkroom.open_account('organization', p_name), p_name) returning * into o;
  insert into darkroom.members (organization_id, account_id, user_id, role) values (o.id, o.account_id, p_user, 'owner');
  return o;
end $$;

create function api.create_organization(credential jsonb, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'manage', null, null); v jsonb; o darkroom.organizations;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.user_id is null or c.person_account is null then return darkroom.refuse('forbidden', 'Only a person can make an organisation.'); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is null then
    o := darkroom.open_organization(c.user_id, request->>'name');
    perform darkroom.made(c, idempotency, 'organization', o.id), set_config('app.account_id', o.account_id, true);
    perform darkroom.audit(c, o.account_id, 'organization.created', 'organization', o.id, null, jsonb_build_object('name', o.name));
  else
    select * into o from darkroom.organizations x where x.id = v->'object_ids'->>0;
    if not found then return darkroom.refuse('not_found'); end if;
  end if;
  return darkroom.ok(darkroom.organization_json(o, (select m.role from darkroom.members m where m.organization_id = o.id and m.user_id = c.user_id))
    || jsonb_build_object('replayed', v is not null));
end $$;

-- Those that the caller belongs to; for an organisation's own key, that one.
create function api.list_organizations(credential jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', null, null);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok(jsonb_build_object('next_cursor', null, 'data', (
    select coalesce(jsonb_agg(darkroom.organization_json(o, coalesce(m.role, 'admin')) order by o.id), '[]')
      from darkroom.organizations o left join darkroom.members m on m.organization_id = o.id and m.user_id = c.user_id
     where o.account_id = c.account_id or m.user_id is not null)));
end $$;

create function api.get_organization(credential jsonb, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'read', id); o darkroom.organizations;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into o from darkroom.organizations x where x.id = c.organization_id;
  return darkroom.ok(darkroom.organization_json(o, c.role));
end $$;

create function api.rename_organization(credential jsonb, id text, name text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'manage', id); o darkroom.organizations; v_before text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select x.name into v_before from darkroom.organizations x where x.id = c.organization_id for no key update;
  update darkroom.organizations x set name = rename_organization.name where x.id = c.organization_id returning * into o;
  perform darkroom.audit(c, o.account_id, 'organization.renamed', 'organization', o.id, jsonb_build_object('name', v_before), jsonb_build_object('name', o.name));
  return darkroom.ok(darkroom.organization_json(o, c.role));
end $$;

select darkroom.own('darkroom.enter_organization(jsonb, text, text)', 'darkroom_system');
select darkroom.own('darkroom.limited_key(darkroom.caller)', 'darkroom_system');
select darkroom.own('darkroom.open_organization(uuid, text)', 'darkroom_system');
select darkroom.expose('api.create_organization(jsonb,jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_organizations(jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.get_organization(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.rename_organization(jsonb,text,text)', 'darkroom_account', 'keys');
