-- Who is calling, and who pays. Every API function that a client reaches starts here; row-level security reads what this sets.
create type darkroom.caller as (
  refusal text,              -- a code of the wire's closed list, or null
  account_id text,           -- who pays, and whose rows are visible
  user_id uuid,
  api_key_id text,
  project_id text,
  organization_id text,
  scopes text[],
  allowed_models text[],
  actor text                 -- for audit columns: `ak_…` or the user's id
);

-- The account of a verified user; made at first sight, because the identity provider is where people sign up.
create function darkroom.user_account(p_user uuid, p_email text) returns text
language plpgsql security definer set search_path = '' as $$
declare v_account text; v_name text := left(coalesce(nullif(p_email, ''), p_user::text), 200);
begin
  select u.account_id into v_account from darkroom.users u where u.id = p_user;
  if found then return v_account; end if;
  perform pg_advisory_xact_lock(hashtextextended('user:' || p_user, 0));
  select u.account_id into v_account from darkroom.users u where u.id = p_user;
  if found then return v_account; end if;
  v_account := darkroom.open_account('user', v_name);
  insert into darkroom.users (id, account_id, email) values (p_user, v_account, p_email);
  return v_account;
end $$;

create function darkroom.open_account(p_kind text, p_name text) returns text
language plpgsql as $$
declare v_account text; v_limit int;
begin
  insert into darkroom.accounts (kind, name) values (p_kind, p_name) returning id, max_outstanding into v_account, v_limit;
  insert into darkroom.slots (account_id, slot, max_outstanding) values (v_account, 0, v_limit);
  return v_account;
end $$;

-- What a user may do for an account: all of it for their own, by role for an organisation's, null for a stranger's.
create function darkroom.scopes_of(p_user uuid, p_account text) returns text[]
language sql stable security definer set search_path = '' as $$
  select case
    when exists (select from darkroom.users u where u.id = p_user and u.account_id = p_account) then array['jobs', 'keys', 'billing', 'webhooks']
    else (select case m.role when 'member' then array['jobs'] when 'billing' then array['billing'] else array['jobs', 'keys', 'billing', 'webhooks'] end
            from darkroom.organizations o join darkroom.members m on m.organization_id = o.id and m.user_id = p_user
           where o.account_id = p_account)
  end
$$;

-- The row behind a credential, before it is said which account it acts for.
create function darkroom.identify(p_credential jsonb) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; k darkroom.api_keys;
begin
  if p_credential->>'kind' = 'jwt' then
    c.user_id := (p_credential->>'user_id')::uuid;
    c.account_id := darkroom.user_account(c.user_id, p_credential->>'email');
    c.scopes := array['jobs', 'keys', 'billing', 'webhooks'];
    c.actor := c.user_id::text;
    return c;
  end if;
  select * into k from darkroom.api_keys a where a.hash = p_credential->>'hash';
  if not found or k.revoked_at <= darkroom.now() or k.expires_at <= darkroom.now() then
    c.refusal := 'unauthenticated';
    return c;
  end if;
  c.account_id := k.account_id; c.user_id := k.user_id; c.api_key_id := k.id; c.scopes := k.scopes;
  c.allowed_models := k.allowed_models; c.actor := k.id;
  if k.last_used_at is null or k.last_used_at < darkroom.now() - interval '1 minute' then
    update darkroom.api_keys a set last_used_at = darkroom.now()
     where a.id in (select id from darkroom.api_keys where id = k.id for no key update skip locked);
  end if;
  return c;
end $$;

-- Turns the caller to the account that was asked for. A personal key or a user reaches all of its own accounts; an organisation's
-- key only that one. What is foreign does not exist.
create function darkroom.act_for(c darkroom.caller, p_account text, p_project text) returns darkroom.caller
language plpgsql security definer set search_path = '' as $$
declare v_account text := p_account; v_scopes text[];
begin
  if p_project is not null then
    select p.account_id into v_account from darkroom.projects p where p.id = p_project and p.deleted_at is null;
    if not found or v_account <> coalesce(p_account, v_account) then c.refusal := 'not_found'; return c; end if;
    c.project_id := p_project;
  end if;
  if v_account is not null and v_account <> c.account_id then
    v_scopes := case when exists (select from darkroom.users u where u.id = c.user_id and u.account_id = c.account_id)
      then darkroom.scopes_of(c.user_id, v_account) end;
    if v_scopes is null then c.refusal := 'not_found'; return c; end if;
    c.scopes := array(select unnest(c.scopes) intersect select unnest(v_scopes));
    c.account_id := v_account;
  end if;
  select o.id into c.organization_id from darkroom.organizations o where o.account_id = c.account_id;
  return c;
end $$;

create function darkroom.authenticate(p_credential jsonb, p_scope text, p_account text default null, p_project text default null)
returns darkroom.caller language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.identify(p_credential);
begin
  if c.refusal is null then c := darkroom.act_for(c, p_account, p_project); end if;
  if c.refusal is null and not (p_scope = any (c.scopes)) and not ('admin' = any (c.scopes)) then c.refusal := 'forbidden'; end if;
  perform set_config('app.account_id', case when c.refusal is null then c.account_id else '' end, true),
    set_config('app.user_id', coalesce(c.user_id::text, ''), true);
  return c;
end $$;

select darkroom.own('darkroom.open_account(text, text)', 'darkroom_system');
select darkroom.own('darkroom.user_account(uuid, text)', 'darkroom_system');
select darkroom.own('darkroom.scopes_of(uuid, text)', 'darkroom_system');
select darkroom.own('darkroom.identify(jsonb)', 'darkroom_system');
select darkroom.own('darkroom.act_for(darkroom.caller, text, text)', 'darkroom_system');
select darkroom.own('darkroom.authenticate(jsonb, text, text, text)', 'darkroom_system');
