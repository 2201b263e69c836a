-- Row-level security on every table, forced. The account role sees the rows of the account that authenticate() set; the system role,
-- which owns the functions that cross accounts, sees all. Nobody else has any grant: the functions are the API.
do $$
declare t record;
begin
  for t in select c.relname, exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id') as owned
             from pg_catalog.pg_class c where c.relnamespace = 'darkroom'::regnamespace and c.relkind = 'r' loop
    execute format('alter table darkroom.%I enable row level security', t.relname);
    execute format('alter table darkroom.%I force row level security', t.relname);
    execute format('revoke all on darkroom.%I from public', t.relname);
    execute format('grant select, insert, update, delete on darkroom.%I to darkroom_system', t.relname);
    execute format('create policy system on darkroom.%I to darkroom_system using (true) with check (true)', t.relname);
    if t.owned and t.relname not in ('provider_api_keys') then
      execute format($p$create policy account on darkroom.%I to darkroom_account
        using (account_id = current_setting('app.account_id', true)) with check (account_id = current_setting('app.account_id', true))$p$, t.relname);
    end if;
  end loop;
end $$;

-- What the books say is appended to, by nobody changed.
revoke update, delete on darkroom.entries, darkroom.hold_ends, darkroom.grants, darkroom.refunds, darkroom.job_events, darkroom.provider_costs
  from darkroom_system;

grant select on darkroom.accounts, darkroom.api_keys, darkroom.users, darkroom.organizations, darkroom.projects, darkroom.state_edges,
  darkroom.provider_api_keys, darkroom.key_cooldowns, darkroom.refunds, darkroom.provider_costs,
  darkroom.delivery_tries, darkroom.consumed_messages to darkroom_account;
grant select, insert on darkroom.entries, darkroom.job_events, darkroom.hold_ends, darkroom.batches, darkroom.lanes, darkroom.outbox,
  darkroom.requests to darkroom_account;
grant select, insert, update on darkroom.slots, darkroom.caps, darkroom.holds, darkroom.jobs, darkroom.parts, darkroom.lane_accounts, darkroom.quotes,
  darkroom.attempts, darkroom.outputs, darkroom.deliveries to darkroom_account;
grant select on darkroom.job_history to darkroom_account, darkroom_system;
grant usage on all sequences in schema darkroom to darkroom_account, darkroom_system;

-- Rows without an account column: found through the row that has one.
create policy account on darkroom.accounts to darkroom_account using (id = current_setting('app.account_id', true));
create policy account on darkroom.state_edges for select to darkroom_account using (true);
create policy account on darkroom.lanes to darkroom_account using (true) with check (true);
create policy account on darkroom.outbox for insert to darkroom_account with check (true);
create policy account on darkroom.hold_ends to darkroom_account using (exists (select from darkroom.holds h where h.id = hold_id))
  with check (exists (select from darkroom.holds h where h.id = hold_id));
create policy account on darkroom.delivery_tries for select to darkroom_account using (exists (select from darkroom.deliveries d where d.id = delivery_id));
create policy account on darkroom.consumed_messages for select to darkroom_account
  using (source = 'callback' and exists (select from darkroom.attempts a where a.id = body->>'attempt_id'));
-- A job may be paid with the platform's keys, which have no account, with the account's, and with those of the person who asks.
create policy account on darkroom.provider_api_keys for select to darkroom_account
  using (account_id is null or account_id in (current_setting('app.account_id', true), current_setting('app.person_account', true)));
create policy account on darkroom.key_cooldowns for select to darkroom_account using (exists (select from darkroom.provider_api_keys k where k.id = key_id));

-- Helpers run as whichever of the two owners called; nobody else may call them.
do $$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'darkroom'::regnamespace loop
    execute format('revoke all on function %s from public', f);
    if f not in ('darkroom.own(regprocedure, regrole)'::regprocedure, 'darkroom.expose(regprocedure, regrole, regrole)'::regprocedure) then
      execute format('grant execute on function %s to darkroom_account, darkroom_system', f);
    end if;
  end loop;
end $$;
