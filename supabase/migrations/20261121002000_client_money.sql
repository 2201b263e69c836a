-- What clients see of their credits, and what operators do to them.

create function api.credits(credential jsonb, account_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'jobs', credits.account_id);
begin
  if c.refusal = 'forbidden' then c := darkroom.authenticate(credential, 'billing', credits.account_id); end if;
  if c.client_token_id is not null then c.refusal := coalesce(c.refusal, 'forbidden'); end if;
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  return darkroom.ok((select jsonb_build_object('account_id', c.account_id, 'available', sum(s.available)::bigint, 'held', sum(s.held)::bigint,
    'spent', sum(s.spent)::bigint, 'version', sum(s.version)::bigint) from darkroom.slots s where s.account_id = c.account_id));
end $$;

-- Newest first. The cursor is `version.slot` of the last row.
create function api.credit_entries(credential jsonb, filter jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.authenticate(credential, 'billing', filter->>'account_id');
  v_limit int := coalesce((filter->>'limit')::int, 20); v_rows jsonb; v_cursor bigint[] := string_to_array(filter->>'cursor', '.')::bigint[];
begin
  if c.refusal = 'forbidden' then c := darkroom.authenticate(credential, 'jobs', filter->>'account_id'); end if;
  if c.client_token_id is not null then c.refusal := coalesce(c.refusal, 'forbidden'); end if;
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select coalesce(jsonb_agg(x.row), '[]') into v_rows from (
    select jsonb_build_object('id', darkroom.derived_id('ent', e.at, left(encode(e.hash, 'hex'), 19)), 'transfer', e.transfer, 'ledger', e.ledger, 'amount', e.amount, 'balance', e.balance,
        'kind', e.kind, 'reference', e.ref, 'slot', e.slot, 'version', e.version, 'at', darkroom.iso(e.at), 'hash', encode(e.hash, 'hex')) as row
      from darkroom.entries e where e.account_id = c.account_id and (v_cursor is null or (e.version, e.slot) < (v_cursor[1], v_cursor[2]))
     order by e.version desc, e.slot desc limit v_limit + 1) x;
  return darkroom.ok(jsonb_build_object('data', (select coalesce(jsonb_agg(r.value order by r.ordinality), '[]') from jsonb_array_elements(v_rows) with ordinality r where r.ordinality <= v_limit),
    'next_cursor', case when jsonb_array_length(v_rows) > v_limit then format('%s.%s', v_rows->(v_limit - 1)->'version', v_rows->(v_limit - 1)->'slot') end));
end $$;

create function darkroom.operator(p_credential jsonb) returns darkroom.caller
language plpgsql as $$
declare c darkroom.caller := darkroom.identify(p_credential);
begin
  if c.refusal is null and not ('admin' = any (c.scopes)) then c.refusal := 'forbidden'; end if;
  return c;
end $$;

-- Adds credits to a slot: issued from `granted`, which goes negative by what was ever issued.
create function darkroom.issue(p_account text, p_credits bigint, p_kind text, p_reason text, p_reference text, p_by text) returns darkroom.grants
language plpgsql as $$
declare g darkroom.grants; s darkroom.slots;
begin
  insert into darkroom.grants (account_id, credits, kind, reason, reference, granted_by)
    values (p_account, p_credits, p_kind, p_reason, p_reference, p_by) on conflict do nothing returning * into g;
  if not found then return null; end if;
  select * into s from darkroom.slots x where x.account_id = p_account and x.slot = 0 for no key update;
  perform darkroom.move(s, 'granted', 'available', p_credits, 'grant', g.id);
  return g;
end $$;

create function darkroom.grant_json(g darkroom.grants, p_replayed boolean) returns jsonb language sql stable as $$
  select darkroom.ok(jsonb_build_object('id', g.id, 'object', 'grant', 'account_id', g.account_id, 'credits', g.credits, 'kind', g.kind, 'reason', g.reason,
    'reference', g.reference, 'created_at', darkroom.iso(g.at), 'replayed', p_replayed, 'available',
    (select sum(s.available)::bigint from darkroom.slots s where s.account_id = g.account_id)))
$$;

create function api.grant_credits(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  c darkroom.caller := darkroom.operator(credential); v jsonb; g darkroom.grants; v_account text := request->>'account_id';
  v_once jsonb := jsonb_build_object('key', request->'idempotency_key', 'request_hash', request->'request_hash');
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  if not exists (select from darkroom.accounts a where a.id = v_account) then return darkroom.refuse('not_found', 'There is no such account.'); end if;
  v := darkroom.made_before(c, v_once);
  if v ? 'refusal' then return v; end if;
  if v is not null then
    select * into g from darkroom.grants x where x.id = v->'object_ids'->>0;
    return darkroom.grant_json(g, true);
  end if;
  g := darkroom.issue(v_account, (request->>'credits')::bigint, request->>'kind', request->>'reason', request->>'reference', c.actor);
  if g.id is null then return darkroom.refuse('invalid_state', 'A grant with this reference exists.'); end if;
  perform darkroom.made(c, v_once, 'grant', g.id);
  perform darkroom.audit(c, v_account, 'credits.granted', 'grant', g.id, null, jsonb_build_object('credits', g.credits, 'kind', g.kind, 'reason', g.reason, 'reference', g.reference));
  return darkroom.grant_json(g, false);
end $$;

-- Gives back credits of a job that was charged: at most what is still charged.
create function api.refund_job(credential jsonb, request jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare c darkroom.caller := darkroom.operator(credential); v jsonb; j darkroom.jobs; h darkroom.holds; s darkroom.slots; v_credits bigint := (request->>'credits')::bigint; v_left bigint;
begin
  if c.refusal is not null then return darkroom.refuse(c.refusal); end if;
  select * into j from darkroom.jobs x where x.id = request->>'job_id' for no key update;
  if not found then return darkroom.refuse('not_found'); end if;
  v := darkroom.replay(c.account_id, request->>'idempotency_key', request->>'request_hash');
  if v ? 'refusal' then return v; end if;
  if v is null then
    select e.charged - coalesce((select sum(r.credits) from darkroom.refunds r where r.job_id = j.id), 0) into v_left from darkroom.hold_ends e where e.hold_id = j.id;
    if v_left is null then return darkroom.refuse('invalid_state', 'The job has not been charged yet.'); end if;
    if v_credits > v_left then return darkroom.refuse('invalid_input', format('At most %s credits can be given back.', v_left)); end if;
    if not darkroom.remember(c.account_id, request->>'idempotency_key', request->>'request_hash', 'refund', array[j.id]) then
      return darkroom.refuse('idempotency_in_flight');
    end if;
    insert into darkroom.refunds (job_id, account_id, credits, reason, refunded_by) values (j.id, j.account_id, v_credits, request->>'reason', c.actor);
    perform darkroom.audit(c, j.account_id, 'credits.refunded', 'job', j.id, null, jsonb_build_object('credits', v_credits, 'reason', request->>'reason'));
    select * into h from darkroom.holds x where x.id = j.id;
    select * into s from darkroom.slots x where x.account_id = h.account_id and x.slot = h.slot for no key update;
    perform darkroom.move(s, 'spent', 'available', v_credits, 'refund', j.id);
    update darkroom.jobs x set version = x.version + 1 where x.id = j.id returning * into j;
    insert into darkroom.job_events (job_id, version, account_id, type, from_status, to_status, data)
      values (j.id, j.version, j.account_id, 'refund', j.status, j.status, jsonb_build_object('credits', v_credits));
  end if;
  return darkroom.ok(jsonb_build_object('job', darkroom.job_json(j), 'replayed', v is not null));
end $$;

select darkroom.expose('api.credits(jsonb,text)', 'darkroom_account', 'submit');
select darkroom.expose('api.credit_entries(jsonb,jsonb)', 'darkroom_account', 'submit');
select darkroom.expose('api.grant_credits(jsonb,jsonb)', 'darkroom_system', 'submit');
select darkroom.expose('api.refund_job(jsonb,jsonb)', 'darkroom_system', 'submit');
