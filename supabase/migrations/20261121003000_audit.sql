-- Who did what to which object. Every function that changes something appends here; nobody changes or deletes a row.
create table darkroom.audit_log (
  id bigint generated always as identity primary key,
  account_id text collate "C" references darkroom.accounts (id), -- whose object it is; null: the platform's
  at timestamptz not null default darkroom.now(),
  actor text not null,                                           -- `ak_…`, a user's id, or `system`
  user_id uuid,
  action text not null,                                          -- `provider_key.created`, `member.removed`, …
  object_kind text not null,
  object_id text collate "C" not null,
  before jsonb,
  after jsonb
);
create index on darkroom.audit_log (account_id, id desc);
create index on darkroom.audit_log (object_id, id desc);
create trigger append_only before update or delete or truncate on darkroom.audit_log for each statement execute function darkroom.append_only();

-- Appends one line. Of a change, only the fields that differ; callers pass what may be shown, never a secret, sealed or hashed.
create function darkroom.audit(c darkroom.caller, p_account text, p_action text, p_kind text, p_id text, p_before jsonb, p_after jsonb)
returns void language plpgsql as $$
declare v_before jsonb := jsonb_strip_nulls(p_before); v_after jsonb := jsonb_strip_nulls(p_after);
begin
  if p_before is not null and p_after is not null then
    select jsonb_object_agg(b.key, b.value) into v_before from jsonb_each(p_before) b where b.value is distinct from p_after->b.key;
    select jsonb_object_agg(a.key, a.value) into v_after from jsonb_each(p_after) a where a.value is distinct from p_before->a.key;
    if v_before is null and v_after is null then return; end if;
  end if;
  insert into darkroom.audit_log (account_id, actor, user_id, action, object_kind, object_id, before, after)
    values (p_account, coalesce(c.actor, 'system'), c.user_id, p_action, p_kind, p_id, v_before, v_after);
end $$;

create function darkroom.audit_json(a darkroom.audit_log) returns jsonb language sql immutable as $$
  select jsonb_build_object('id', darkroom.derived_id('aud', a.at, lpad(to_hex(a.id), 19, '0')), 'object', 'audit_entry', 'at', darkroom.iso(a.at), 'actor', a.actor, 'user_id', a.user_id, 'action', a.action,
    'target', jsonb_build_object('kind', a.object_kind, 'id', a.object_id), 'before', a.before, 'after', a.after)
$$;

-- The log of an account, newest first, for those who may manage it; of the platform, for operators.
create function api.audit_log(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.enter_scope(credential, 'manage', filter->>'scope', filter->>'scope_id');
  v_limit int := coalesce((filter->>'limit')::int, 50); v_ids bigint[]; v_account text;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  v_account := case when c.owner_kind <> 'platform' then c.account_id end;
  select array_agg(x.id order by x.id desc) into v_ids from (
    select a.id from darkroom.audit_log a
     where a.account_id is not distinct from v_account
       and (filter->>'action' is null or a.action = filter->>'action')
       and (filter->>'target' is null or a.object_id = filter->>'target')
       and (filter->>'actor' is null or a.actor = filter->>'actor' or a.user_id::text = filter->>'actor')
       and (filter->>'from' is null or a.at >= (filter->>'from')::timestamptz)
       and (filter->>'to' is null or a.at < (filter->>'to')::timestamptz)
       and (filter->>'cursor' is null or a.id < (filter->>'cursor')::bigint)
     order by a.id desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object(
    'data', (select coalesce(jsonb_agg(darkroom.audit_json(a) order by a.id desc), '[]') from darkroom.audit_log a where a.id = any (v_ids[1:v_limit])),
    'next_cursor', case when cardinality(v_ids) > v_limit then v_ids[v_limit]::text end));
end $$;

select darkroom.expose('api.audit_log(jsonb,jsonb)', 'darkroom_account', 'keys');
