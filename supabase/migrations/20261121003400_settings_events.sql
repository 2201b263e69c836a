-- What changed in an account's keys and settings, numbered without gaps, so that a page that was away asks for what came after.
create table darkroom.settings_events (
  account_id text collate "C" not null references darkroom.accounts (id),
  id bigint not null,
  type text not null,
  data jsonb not null,
  at timestamptz not null default darkroom.now(),
  primary key (account_id, id)
);
create trigger append_only before update or delete or truncate on darkroom.settings_events for each statement execute function darkroom.append_only();

-- The next number, held until the transaction ends: whoever reads event n has seen all before it.
create function darkroom.next_event(p_account text) returns bigint
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('settings_events:' || p_account, 0));
  return (select coalesce(max(e.id), 0) + 1 from darkroom.settings_events e where e.account_id = p_account);
end $$;

-- Comes last in its transaction, after all rows that it tells of are locked. The platform's keys have no page that waits for them.
create function darkroom.note_event(p_account text, p_type text, p_data jsonb) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p_account is null then return; end if;
  insert into darkroom.settings_events (account_id, id, type, data) values (p_account, darkroom.next_event(p_account), p_type, p_data);
end $$;

-- Events after a number, at most `max`; `after` null: none, only the number to go on from. filter: {scope?, scope_id?} names the account.
create function api.settings_events(credential jsonb, after bigint, filter jsonb, max int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.enter_scope(credential, 'read', filter->>'scope', filter->>'scope_id'); v jsonb; v_last bigint;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select coalesce(max(e.id), 0) into v_last from darkroom.settings_events e where e.account_id = c.account_id;
  select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'type', e.type, 'data', e.data, 'at', darkroom.iso(e.at)) order by e.id), '[]') into v from (
    select * from darkroom.settings_events x where x.account_id = c.account_id and x.id > settings_events.after order by x.id limit settings_events.max) e;
  return darkroom.ok(jsonb_build_object('events', v, 'last', coalesce((v->-1->>'id')::bigint, settings_events.after, v_last)));
end $$;

select darkroom.own('darkroom.note_event(text, text, jsonb)', 'darkroom_system');
select darkroom.expose('api.settings_events(jsonb,bigint,jsonb,int)', 'darkroom_account', 'keys');
