-- What happens to a key: out of credit, disabled, back again. Each change is an event of its owner, whoever caused it: a verdict, a probe,
-- a person. That is why triggers write it.
create table darkroom.key_events (
  id bigint generated always as identity primary key,
  key_id text collate "C" not null,
  account_id text collate "C",            -- null: the platform's key
  version int not null,
  from_state text not null,
  to_state text not null,
  reason text,
  at timestamptz not null default darkroom.now()
);
create index on darkroom.key_events (key_id, id desc);
create trigger append_only before update or delete or truncate on darkroom.key_events for each statement execute function darkroom.append_only();

-- When to ask about a key again: after 1, 2, 4, 8 … minutes, at most six hours.
create function darkroom.probe_delay(p_probes int) returns interval language sql immutable as $$
  select least(interval '6 hours', power(2, least(p_probes, 9)) * interval '1 minute')
$$;

-- A key that goes out of service is asked about later, and ever later if it did no work since it was last brought back (a provider may
-- call a key valid that has no credit). One that is back has no reason to be out any more.
create function darkroom.plan_probe() returns trigger language plpgsql as $$
begin
  if new.state in ('out_of_credit', 'disabled') and new.source <> 'endpoint' then
    new.probes := case when new.usage_count > new.worked then 0 else new.probes end;
    new.worked := new.usage_count;
    new.probe_at := darkroom.now() + darkroom.probe_delay(new.probes);
  else
    new.probe_at := null;
    if new.state = 'active' then new.state_reason := null; end if;
  end if;
  return new;
end $$;
create trigger plan_probe before update of state on darkroom.provider_api_keys for each row
  when (old.state is distinct from new.state) execute function darkroom.plan_probe();

create function darkroom.note_state() returns trigger
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller; v_action text := case new.state when 'active' then 'provider_key.recovered' else 'provider_key.' || new.state end;
begin
  insert into darkroom.key_events (key_id, account_id, version, from_state, to_state, reason)
    values (new.id, new.account_id, new.version, old.state, new.state, new.state_reason);
  if new.state = 'draining' then return null; end if;                  -- that was a person, and is in the log as such
  perform darkroom.audit(c, new.account_id, v_action, 'provider_key', new.id, jsonb_build_object('state', old.state),
    jsonb_build_object('state', new.state, 'reason', new.state_reason));
  perform darkroom.note_event(new.account_id, v_action, jsonb_build_object('id', new.id, 'provider', new.provider_name, 'reason', new.state_reason));
  return null;
end $$;
create trigger note_state after update of state on darkroom.provider_api_keys for each row
  when (old.state is distinct from new.state) execute function darkroom.note_state();

create function darkroom.key_events_json(p_key text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('at', darkroom.iso(e.at), 'from', e.from_state, 'to', e.to_state, 'reason', e.reason, 'version', e.version)
    order by e.id desc), '[]') from (select * from darkroom.key_events x where x.key_id = p_key order by x.id desc limit 20) e);
end $$;

select darkroom.own('darkroom.note_state()', 'darkroom_system');
select darkroom.own('darkroom.key_events_json(text)', 'darkroom_system');
