-- What a key's or a token's own limits mean for work that is being accepted. Called under the slot's lock.

-- Draws on each cap of the caller. What the hold must give back, or the refusal; the caller undoes what was drawn.
create function darkroom.draw_caps(c darkroom.caller, p_slot int, p_month date, p_credits bigint) returns jsonb
language plpgsql as $$
declare r record; v_drawn jsonb := '[]'; v jsonb;
begin
  for r in select * from jsonb_to_recordset(c.caps) as x (subject text, kind text, period text, "limit" bigint) loop
    v := darkroom.draw(c.account_id, p_slot, r.subject, case r.period when 'month' then p_month else date '2000-01-01' end, p_credits, r."limit");
    if v is null then return darkroom.refuse('spend_cap_reached', null, jsonb_build_object('cap', r."limit", 'subject', r.kind)); end if;
    v_drawn := v_drawn || v;
  end loop;
  return v_drawn;
end $$;

-- Counts against a limit per minute. Null, or the refusal.
create function darkroom.count_in_minute(p_subject text, p_count int, p_limit int, p_detail text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare r darkroom.rates; v_now timestamptz := darkroom.now();
begin
  insert into darkroom.rates (subject) values (p_subject) on conflict do nothing;
  select * into r from darkroom.rates x where x.subject = p_subject for no key update;
  if r.window_at not between v_now - interval '1 minute' and v_now + interval '1 minute' then r.window_at := v_now; r.window_count := 0; end if;
  if r.window_count + p_count > p_limit then
    return darkroom.refuse('rate_limited', p_detail, jsonb_build_object('limit', p_limit, 'retry_after', darkroom.seconds_left(r.window_at, v_now)));
  end if;
  update darkroom.rates x set window_at = r.window_at, window_count = r.window_count + p_count where x.subject = p_subject;
  return null;
end $$;

-- What a client token asks for: always for its own user, and under idempotency keys that no other user of the app can meet.
create function darkroom.for_end_user(c darkroom.caller, p_request jsonb) returns jsonb
language plpgsql immutable as $$
begin
  if c.end_user is null then return p_request; end if;
  if p_request->>'idempotency_key' is not null then
    p_request := p_request || jsonb_build_object('idempotency_key',
      'ct_' || encode(sha256(convert_to(jsonb_build_array(c.end_user, p_request->>'idempotency_key')::text, 'UTF8')), 'hex'));
  end if;
  return p_request || jsonb_build_object('jobs', (select jsonb_agg(j || jsonb_build_object('end_user', c.end_user) order by o)
    from jsonb_array_elements(p_request->'jobs') with ordinality x (j, o)));
end $$;

select darkroom.own('darkroom.count_in_minute(text, int, int, text)', 'darkroom_system');
