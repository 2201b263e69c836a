-- Inviting by email address. The token is shown once to whoever invites; it works for seven days, for a user signed in under that address.

create function darkroom.invitation_json(i darkroom.invitations) returns jsonb language sql stable as $$
  select jsonb_build_object('id', i.id, 'object', 'invitation', 'organization_id', i.organization_id, 'email', i.email, 'role', i.role,
    'status', case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
      when i.expires_at <= darkroom.now() then 'expired' else 'pending' end,
    'invited_by', i.invited_by, 'expires_at', darkroom.iso(i.expires_at), 'created_at', darkroom.iso(i.created_at))
$$;

-- request: {email, role, token_hash}. A second invitation of the same address takes the place of the first.
create function api.invite_member(credential jsonb, organization_id text, request jsonb, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_organization(credential, 'manage', organization_id); v jsonb; i darkroom.invitations;
  v_email text := lower(trim(request->>'email'));
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v := darkroom.limited_key(c);
  if v is not null then return v; end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    select * into i from darkroom.invitations x where x.id = v->'object_ids'->>0;
    return darkroom.ok(darkroom.invitation_json(i) || '{"replayed": true}');
  end if;
  if request->>'role' = 'owner' and c.role <> 'owner' then return darkroom.refuse('forbidden', 'Only an owner can make or change owners.'); end if;
  perform 1 from darkroom.organizations o where o.id = c.organization_id for no key update;
  if exists (select from jsonb_array_elements(darkroom.member_json(c.organization_id)) m where lower(m->>'email') = v_email) then
    return darkroom.refuse('invalid_state', 'This person is a member already.');
  end if;
  update darkroom.invitations x set revoked_at = darkroom.now()
   where x.organization_id = c.organization_id and x.email = v_email and x.accepted_at is null and x.revoked_at is null;
  insert into darkroom.invitations (organization_id, account_id, email, role, token_hash, invited_by, expires_at)
    values (c.organization_id, c.account_id, v_email, request->>'role', request->>'token_hash', c.actor, darkroom.now() + interval '7 days') returning * into i;
  perform darkroom.made(c, idempotency, 'invitation', i.id);
  perform darkroom.audit(c, c.account_id, 'member.invited', 'invitation', i.id, null, jsonb_build_object('email', i.email, 'role', i.role));
  return darkroom.ok(darkroom.invitation_json(i) || '{"replayed": false}');
end $$;

create function api.list_invitations(credential jsonb, organization_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'manage', organization_id);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok(jsonb_build_object('next_cursor', null, 'data', (select coalesce(jsonb_agg(darkroom.invitation_json(i) order by i.id desc), '[]')
    from darkroom.invitations i where i.organization_id = c.organization_id and i.accepted_at is null and i.revoked_at is null)));
end $$;

create function api.revoke_invitation(credential jsonb, organization_id text, id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_organization(credential, 'manage', organization_id); i darkroom.invitations; v jsonb := darkroom.limited_key(c);
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if v is not null then return v; end if;
  update darkroom.invitations x set revoked_at = coalesce(x.revoked_at, darkroom.now())
   where x.id = revoke_invitation.id and x.organization_id = c.organization_id and x.accepted_at is null returning * into i;
  if not found then return darkroom.refuse('not_found'); end if;
  perform darkroom.audit(c, c.account_id, 'invitation.revoked', 'invitation', i.id, jsonb_build_object('email', i.email, 'role', i.role), null);
  return darkroom.ok(darkroom.invitation_json(i));
end $$;

-- Joins the organisation of an invitation. Whoever is not signed in under its address learns nothing about it. Again: the same answer.
create function api.accept_invitation(credential jsonb, token_hash text, idempotency jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', 'user', 'me'); i darkroom.invitations; o darkroom.organizations; v_role text; v jsonb;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if credential->>'kind' <> 'jwt' then return darkroom.refuse('forbidden', 'Sign in as the person who was invited.'); end if;
  v := darkroom.made_before(c, idempotency);
  if v ? 'refusal' then return v; end if;
  select * into i from darkroom.invitations x
   where x.token_hash = accept_invitation.token_hash and x.email = lower(credential->>'email') and x.revoked_at is null for no key update;
  if not found then return darkroom.refuse('not_found'); end if;
  select * into o from darkroom.organizations x where x.id = i.organization_id;
  if i.accepted_at is null and i.expires_at > darkroom.now() then
    update darkroom.invitations x set accepted_at = darkroom.now(), accepted_by = c.user_id where x.id = i.id;
    insert into darkroom.members (organization_id, account_id, user_id, role) values (o.id, o.account_id, c.user_id, i.role) on conflict do nothing;
    perform darkroom.audit(c, o.account_id, 'member.joined', 'member', c.user_id::text, null, jsonb_build_object('role', i.role, 'invitation', i.id));
    perform darkroom.made(c, idempotency, 'invitation', i.id);
    i.accepted_by := c.user_id;
  end if;
  select m.role into v_role from darkroom.members m where m.organization_id = o.id and m.user_id = c.user_id;
  if i.accepted_by is distinct from c.user_id or v_role is null then
    return darkroom.refuse('invalid_state', 'This invitation has expired or was used; ask for a new one.');
  end if;
  return darkroom.ok(darkroom.organization_json(o, v_role) || jsonb_build_object('replayed', v is not null));
end $$;

select darkroom.expose('api.invite_member(jsonb,text,jsonb,jsonb)', 'darkroom_account', 'keys');
select darkroom.expose('api.list_invitations(jsonb,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.revoke_invitation(jsonb,text,text)', 'darkroom_account', 'keys');
select darkroom.expose('api.accept_invitation(jsonb,text,jsonb)', 'darkroom_system', 'keys');
