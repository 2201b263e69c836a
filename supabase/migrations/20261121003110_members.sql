-- Members of an organisation: owner, admin (all but owners), member (uses keys and credits), billing (sees the money). The last owner stays.

create function darkroom.member_json(p_organization text, p_user uuid default null) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('user_id', m.user_id, 'object', 'member', 'email', u.email, 'role', m.role, 'created_at',
      darkroom.iso(m.created_at)) order by m.created_at, m.user_id), '[]')
    from darkroom.members m join darkroom.users u on u.id = m.user_id
   where m.organization_id = p_organization and (p_user is null or m.user_id = p_user));
end $$;

create function api.list_members(credential jsonb, organization_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'read', organization_id);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok(jsonb_build_object('next_cursor', null, 'data', darkroom.member_json(c.organization_id)));
end $$;

-- Locks the organisation, so that two owners cannot leave or demote each other at once, and says why `c` may not give this role to
-- somebody (null: take them out).
create function darkroom.guard_member(c darkroom.caller, p_user text, p_role text, out refusal jsonb, out member darkroom.members)
language plpgsql as $$
begin
  refusal := darkroom.limited_key(c);
  if refusal is not null then return; end if;
  perform 1 from darkroom.organizations o where o.id = c.organization_id for no key update;
  select * into member from darkroom.members m where m.organization_id = c.organization_id and m.user_id::text = p_user;
  if member.user_id is null then
    refusal := darkroom.refuse('not_found');
  elsif c.role <> 'owner' and 'owner' in (member.role, coalesce(p_role, '')) then
    refusal := darkroom.refuse('forbidden', 'Only an owner can make or change owners.');
  elsif member.role = 'owner' and p_role is distinct from 'owner' and not exists (select from darkroom.members m
      where m.organization_id = c.organization_id and m.role = 'owner' and m.user_id <> member.user_id) then
    refusal := darkroom.refuse('invalid_state', 'The last owner cannot leave or step down; make somebody else an owner first.');
  end if;
end $$;

-- Revokes the organisation's API keys that somebody made and that may do more than this (null: all); their client tokens end with them.
create function darkroom.revoke_keys_of(c darkroom.caller, p_user uuid, p_scopes text[], p_because text) returns text[] language plpgsql as $$
declare v_keys text[];
begin
  with revoked as (update darkroom.api_keys k set revoked_at = darkroom.now()
     where k.account_id = c.account_id and k.user_id = p_user and k.revoked_at is null and (p_scopes is null or not k.scopes <@ p_scopes) returning k.id)
  select coalesce(array_agg(r.id order by r.id), '{}') into v_keys from revoked r;
  perform darkroom.audit(c, c.account_id, 'api_key.revoked', 'api_key', x, null, jsonb_build_object('because', p_because)) from unnest(v_keys) x;
  return v_keys;
end $$;

-- A narrower role takes the organisation's API keys along that the person made while theirs was wider.
create function api.change_member(credential jsonb, organization_id text, user_id text, role text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'manage', organization_id); g record;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  g := darkroom.guard_member(c, user_id, role);
  if g.refusal is not null then return g.refusal; end if;
  update darkroom.members m set role = change_member.role where m.organization_id = c.organization_id and m.user_id = (g.member).user_id;
  perform darkroom.audit(c, c.account_id, 'member.changed', 'member', user_id, jsonb_build_object('role', (g.member).role), jsonb_build_object('role', role));
  perform darkroom.revoke_keys_of(c, (g.member).user_id, darkroom.role_scopes(role), 'member.changed');
  return darkroom.ok(darkroom.member_json(c.organization_id, (g.member).user_id)->0);
end $$;

-- Takes somebody out, or oneself. The organisation's API keys that the person made are revoked with it, unless they are to stay.
create function api.remove_member(credential jsonb, organization_id text, user_id text, keep_api_keys boolean) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'read', organization_id); g record; v_keys text[] := '{}';
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if c.role not in ('owner', 'admin') and (c.user_id is null or c.user_id::text <> user_id) then return darkroom.refuse('forbidden'); end if;
  g := darkroom.guard_member(c, user_id, null);
  if g.refusal is not null then return g.refusal; end if;
  delete from darkroom.members m where m.organization_id = c.organization_id and m.user_id = (g.member).user_id;
  perform darkroom.audit(c, c.account_id, 'member.removed', 'member', user_id, jsonb_build_object('role', (g.member).role), null);
  if not coalesce(keep_api_keys, false) then v_keys := darkroom.revoke_keys_of(c, (g.member).user_id, null, 'member.removed'); end if;
  return darkroom.ok(jsonb_build_object('user_id', user_id, 'object', 'member', 'deleted', true, 'revoked_api_keys', to_jsonb(v_keys)));
end $$;

select darkroom.own('darkroom.member_json(text, uuid)', 'darkroom_system');
select darkroom.expose('api.list_members(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.change_member(jsonb,text,text,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.remove_member(jsonb,text,text,boolean)', 'darkroom_account', 'keys');
