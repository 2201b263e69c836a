-- Who may do what. Two schemas: `darkroom` is private (tables and helpers), `api` is exposed and holds functions only.
-- Function owners carry no login and cannot bypass row-level security; Supabase's own `postgres` can, so it owns no API function.
do $$
declare r text;
begin
  foreach r in array array['submit', 'worker', 'callback', 'keys', 'darkroom_account', 'darkroom_system'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = r) then
      execute format('create role %I nologin noinherit', r);
    end if;
  end loop;
  -- To give a function to another owner one must be able to become that owner.
  if not pg_catalog.pg_has_role(current_user, 'darkroom_account', 'set') then
    execute format('grant darkroom_account, darkroom_system to %I', current_user);
  end if;
end $$;

grant submit, worker, callback, keys to authenticator;

-- A Worker never waits for the database longer than its caller would wait for the Worker.
alter role submit set statement_timeout = '8s';
alter role worker set statement_timeout = '15s';
alter role callback set statement_timeout = '15s';
alter role keys set statement_timeout = '8s';
alter role submit set idle_in_transaction_session_timeout = '10s';
alter role worker set idle_in_transaction_session_timeout = '20s';
alter role callback set idle_in_transaction_session_timeout = '20s';
alter role keys set idle_in_transaction_session_timeout = '10s';

create schema darkroom;
create schema api;
revoke all on schema darkroom, api from public;
grant usage on schema darkroom to darkroom_account, darkroom_system;
grant usage on schema api to darkroom_account, darkroom_system;
grant usage on schema api to submit, worker, callback, keys;

-- What PostgREST exposes is part of the deployment, not a click in a dashboard.
do $$
begin
  alter role authenticator set pgrst.db_schemas = 'api';
exception when insufficient_privilege then
  raise notice 'expose the schema with: supabase config push';
end $$;
notify pgrst, 'reload config';

-- Gives a function to one of the two owners, who may create nothing themselves.
create function darkroom.own(p_function regprocedure, p_owner regrole) returns void
language plpgsql set search_path = '' as $$
begin
  execute format('grant create on schema darkroom, api to %s', p_owner);
  execute format('alter function %s owner to %s', p_function, p_owner);
  execute format('revoke create on schema darkroom, api from %s', p_owner);
end $$;

-- Publishes one API function: to one Worker's role and nobody else.
create function darkroom.expose(p_function regprocedure, p_owner regrole, p_worker regrole) returns void
language plpgsql set search_path = '' as $$
begin
  execute format('revoke all on function %s from public', p_function);
  execute format('grant execute on function %s to %s', p_function, p_worker);
  perform darkroom.own(p_function, p_owner);
end $$;
