-- Who is calling, and who pays. Every API function that a client reaches starts here; row-level security reads what this sets.
create type darkroom.caller as (
  refusal text,              -- a code of the wire's closed list, or null
  at timestamptz,            -- when: the transaction's time, asked once
  account_id text,           -- who pays, and whose rows are visible
  user_id uuid,
  api_key_id text,
  project_id text,
  organization_id text,
  scopes text[],
  allowed_models text[],
  actor text,                -- for audit columns: `ak_…`, `ct_…` or the user's id
  own_scopes text[],         -- the credential's, before a member's role narrowed them
  person_account text,       -- of the person who is calling: null for an organisation's key
  client_token_id text,
  end_user text,             -- a client token's user: it acts for nobody else and sees nobody else's jobs
  caps jsonb,                -- [{subject, kind, period: "month" | "total", limit}]: what holds draw on besides the balance
  rate_limit int,            -- jobs a minute of this key
  owner_kind text,           -- whose keys or settings it came to see or change, once that is known
  owner_id text,
  role text                  -- in the organisation it acts for
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
declare v_account text;
begin
  insert into darkroom.accounts (kind, name) values (p_kind, p_name) returning id into v_account;
  insert into darkroom.slots (account_id, slot) values (v_account, 0);
  return v_account;
end $$;

-- What a role in an organisation may do for it.
create function darkroom.role_scopes(p_role text) returns text[] language sql immutable as $$
  select case p_role when 'member' then array['jobs'] when 'billing' then array['billing'] else array['jobs', 'keys', 'billing', 'webhooks'] end
$$;

-- What a user may do for an account: all of it for their own, by role for an organisation's, null for a stranger's.
create function darkroom.scopes_of(p_user uuid, p_account text) returns text[]
language sql stable security definer set search_path = '' as $$
  select case
    when exists (select from darkroom.users u where u.id = p_user and u.account_id = p_account) then array['jobs', 'keys', 'billing', 'webhooks']
    else (select darkroom.role_scopes(m.role)
            from darkroom.organizations o join darkroom.members m on m.organization_id = o.id and m.user_id = p_user
           where o.account_id = p_account)
  end
$$;

-- The row behind a credential, before it is said which account it acts for. Runs as its caller, who must see all of them: a function of
-- darkroom_system.
create function darkroom.identify(p_credential jsonb) returns darkroom.caller
language plpgsql as $$
declare c darkroom.caller; v_used timestamptz; v_root text; v_cap bigint;
begin
  c.at := darkroom.now();
  if p_credential->>'kind' = 'jwt' then
    c.user_id := (p_credential->>'user_id')::uuid;
    c.account_id := darkroom.user_account(c.user_id, p_credential->>'email');
    c.scopes := array['jobs', 'keys', 'billing', 'webhooks'];
    c.own_scopes := c.scopes;
    c.actor := c.user_id::text;
    return c;
  end if;
  if p_credential->>'kind' = 'client_token' then return darkroom.identify_token(p_credential->>'hash'); end if;
  select a.account_id, o.id, a.user_id, a.id, a.id, a.scopes, a.scopes, a.allowed_models, a.rate_limit_per_minute, a.last_used_at,
      coalesce(a.root_id, a.id), a.monthly_credit_cap
    into c.account_id, c.organization_id, c.user_id, c.api_key_id, c.actor, c.scopes, c.own_scopes, c.allowed_models, c.rate_limit, v_used, v_root, v_cap
    from darkroom.api_keys a left join darkroom.organizations o on o.account_id = a.account_id
   where a.hash = p_credential->>'hash' and a.revoked_at is null and (a.expires_at <= c.at) is not true;
  if not found then c.refusal := 'unauthenticated'; return c; end if;
  if v_cap is not null then c.caps := darkroom.key_cap(v_root, v_cap); end if;
  if v_used is null or v_used < c.at - interval '1 minute' then
    update darkroom.api_keys a set last_used_at = c.at
     where a.id in (select id from darkroom.api_keys where id = c.api_key_id for no key update skip locked);
  end if;
  return c;
end $$;

-- A key's monthly cap, counted under the name of the key that it was rolled from first.
create function darkroom.key_cap(p_root text, p_cap bigint) returns jsonb language sql immutable as $$
  select jsonb_build_array(jsonb_build_object('subject', p_root, 'kind', 'api_key', 'period', 'month', 'limit', p_cap))
$$;

-- A client token may do what it was given, as long as the key that made it is good, and never more than that key.
create function darkroom.identify_token(p_hash text) returns darkroom.caller
language plpgsql as $$
declare c darkroom.caller; t darkroom.client_tokens; k darkroom.api_keys;
begin
  c.at := darkroom.now();
  select * into t from darkroom.client_tokens x where x.hash = p_hash and x.revoked_at is null and x.expires_at > c.at;
  if not found then c.refusal := 'unauthenticated'; return c; end if;
  select o.id into c.organization_id from darkroom.organizations o where o.account_id = t.account_id;
  c.account_id := t.account_id; c.user_id := t.user_id; c.client_token_id := t.id; c.end_user := t.user_ref; c.scopes := t.scopes;
  c.own_scopes := t.scopes; c.allowed_models := t.allowed_models; c.actor := t.id;
  if t.max_credits is not null then
    c.caps := jsonb_build_array(jsonb_build_object('subject', t.id, 'kind', 'client_token', 'period', 'total', 'limit', t.max_credits));
  end if;
  if t.api_key_id is null then return c; end if;
  select * into k from darkroom.api_keys a where a.id = t.api_key_id;
  if k.revoked_at is not null or k.expires_at <= c.at then c.refusal := 'unauthenticated'; return c; end if;
  c.api_key_id := k.id; c.rate_limit := k.rate_limit_per_minute;
  c.scopes := array(select unnest(t.scopes) intersect select unnest(k.scopes));
  if k.allowed_models is not null then
    c.allowed_models := case when t.allowed_models is null then k.allowed_models
      else array(select unnest(t.allowed_models) intersect select unnest(k.allowed_models)) end;
  end if;
  if k.monthly_credit_cap is not null then c.caps := coalesce(c.caps, '[]') || darkroom.key_cap(coalesce(k.root_id, k.id), k.monthly_credit_cap); end if;
  return c;
end $$;

-- Turns the caller to the account that was asked for. A personal key or a user reaches all of its own accounts; an organisation's
-- key only that one. What is foreign does not exist.
create function darkroom.act_for(c darkroom.caller, p_account text, p_project text) returns darkroom.caller
language plpgsql as $$
declare v_account text := p_account; v_scopes text[];
begin
  if p_project is not null then
    select p.account_id into v_account from darkroom.projects p where p.id = p_project and p.deleted_at is null;
    if not found or v_account <> coalesce(p_account, v_account) then c.refusal := 'not_found'; return c; end if;
    c.project_id := p_project;
  end if;
  if v_account is not null and v_account <> c.account_id then
    if c.client_token_id is null and exists (select from darkroom.users u where u.id = c.user_id and u.account_id = c.account_id) then
      v_scopes := darkroom.scopes_of(c.user_id, v_account);
    end if;
    if v_scopes is null then c.refusal := 'not_found'; return c; end if;
    c.person_account := c.account_id;
    c.scopes := array(select unnest(c.scopes) intersect select unnest(v_scopes));
    c.account_id := v_account;
    select o.id into c.organization_id from darkroom.organizations o where o.account_id = v_account;
  end if;
  if c.organization_id is null then c.person_account := c.account_id; end if;
  return c;
end $$;

create function darkroom.authenticate(p_credential jsonb, p_scope text, p_account text default null, p_project text default null)
returns darkroom.caller language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.identify(p_credential); v_seen boolean;
begin
  if p_account is null and p_project is null then
    if c.organization_id is null then c.person_account := c.account_id; end if;
  elsif c.refusal is null then
    c := darkroom.act_for(c, p_account, p_project);
  end if;
  if c.refusal is null and not (p_scope = any (c.scopes)) and not ('admin' = any (c.scopes)) then c.refusal := 'forbidden'; end if;
  v_seen := darkroom.see_as(c);
  return c;
end $$;

-- What row-level security reads: the account that is acted for, and the person's own, whose keys and settings count as well.
create function darkroom.see_as(c darkroom.caller) returns boolean language plpgsql as $$
declare v text;
begin
  if c.refusal is not null then c := null; end if;       -- as nobody: no row is theirs
  v := set_config('app.account_id', coalesce(c.account_id, ''), true);
  v := set_config('app.person_account', coalesce(c.person_account, ''), true);
  v := set_config('app.user_id', case when c.person_account is not null then coalesce(c.user_id::text, '') else '' end, true);
  return true;
end $$;

select darkroom.own('darkroom.open_account(text, text)', 'darkroom_system');
select darkroom.own('darkroom.user_account(uuid, text)', 'darkroom_system');
select darkroom.own('darkroom.scopes_of(uuid, text)', 'darkroom_system');
select darkroom.own('darkroom.authenticate(jsonb, text, text, text)', 'darkroom_system');
