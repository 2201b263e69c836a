-- Whose keys and settings a caller may see or change. A scope is `user`, `project`, `organization` or `platform` with its id; inside,
-- an owner is an account's or a project's id, because that is what jobs are resolved by.

-- `platform` has no id; an organisation's id is its own, not its account's.
create function darkroom.scope_id(p_owner_kind text, p_owner_id text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return case p_owner_kind
    when 'platform' then null
    when 'organization' then (select o.id from darkroom.organizations o where o.account_id = p_owner_id)
    else p_owner_id end;
end $$;

-- The account behind a scope, or null if there is no such thing. Without an id: the caller's own.
create function darkroom.scope_account(c darkroom.caller, p_scope text, p_id text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare v text;
begin
  if p_scope = 'project' then
    select p.account_id into v from darkroom.projects p where p.id = p_id and p.deleted_at is null;
  elsif p_scope = 'organization' then
    select o.account_id into v from darkroom.organizations o where o.id = p_id;
    if not found then select o.account_id into v from darkroom.organizations o where o.account_id = coalesce(p_id, c.account_id); end if;
  elsif p_scope = 'user' then
    v := case when p_id is null or p_id in ('me', c.user_id::text) then c.account_id else p_id end;
    if exists (select from darkroom.organizations o where o.account_id = v) then v := null; end if;
  end if;
  return v;
end $$;

-- Turns the caller to a scope: its own account's, one that it is a member of, or any for an operator.
create function darkroom.turn_to(c darkroom.caller, p_scope text, p_id text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare v_operator boolean := 'admin' = any (c.own_scopes); v_account text; v_scope text := p_scope;
begin
  v_scope := coalesce(v_scope, case when exists (select from darkroom.organizations o where o.account_id = c.account_id) then 'organization' else 'user' end);
  if v_scope = 'platform' then
    c.owner_kind := 'platform'; c.owner_id := 'platform';
    if not v_operator then c.refusal := 'forbidden'; return c; end if;
    return darkroom.act_for(c, null, null);
  end if;
  v_account := darkroom.scope_account(c, v_scope, p_id);
  if v_account is null then c.refusal := 'not_found'; return c; end if;
  if v_operator and v_account <> c.account_id and exists (select from darkroom.accounts a where a.id = v_account) then
    c.account_id := v_account;
    select o.id into c.organization_id from darkroom.organizations o where o.account_id = v_account;
  else
    c := darkroom.act_for(c, v_account, null);
  end if;
  c.owner_kind := v_scope;
  c.owner_id := case when v_scope = 'project' then p_id else v_account end;
  if v_scope = 'project' then c.project_id := p_id; end if;
  return c;
end $$;

-- The start of every function of this part. Right `read`: whoever belongs to the account. `manage`: whoever has the scope `keys` there:
-- oneself, an organisation's owners and admins, operators. The credential itself needs `keys` for both, which no client token has.
create function darkroom.enter_scope(p_credential jsonb, p_right text, p_scope text, p_id text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.identify(p_credential);
begin
  if c.refusal is null then c := darkroom.turn_to(c, p_scope, p_id); end if;
  if c.refusal is null and not ('admin' = any (c.scopes)
      or 'keys' = any (case p_right when 'read' then c.own_scopes else c.scopes end)) then
    c.refusal := 'forbidden';
  end if;
  perform darkroom.see_as(c),
    set_config('app.operator', case when c.refusal is null and c.owner_kind = 'platform' then 'on' else '' end, true);
  return c;
end $$;

-- What was answered under this Idempotency-Key before: null (nothing), a refusal, or {"object_ids", "kind"}. Two requests under one
-- key wait for each other, so that whoever goes on is alone.
create function darkroom.made_before(c darkroom.caller, p_idempotency jsonb) returns jsonb
language plpgsql as $$
begin
  if p_idempotency->>'key' is null then return null; end if;
  perform pg_advisory_xact_lock(hashtextextended('once:' || c.account_id || ':' || (p_idempotency->>'key'), 0));
  return darkroom.replay(c.account_id, p_idempotency->>'key', p_idempotency->>'request_hash');
end $$;

create function darkroom.made(c darkroom.caller, p_idempotency jsonb, p_kind text, p_id text) returns void
language plpgsql as $$
begin
  perform darkroom.remember(c.account_id, p_idempotency->>'key', p_idempotency->>'request_hash', p_kind, array[p_id]);
end $$;

select darkroom.own('darkroom.scope_id(text, text)', 'darkroom_system');
select darkroom.own('darkroom.scope_account(darkroom.caller, text, text)', 'darkroom_system');
select darkroom.own('darkroom.turn_to(darkroom.caller, text, text)', 'darkroom_system');
select darkroom.own('darkroom.enter_scope(jsonb, text, text, text)', 'darkroom_system');
