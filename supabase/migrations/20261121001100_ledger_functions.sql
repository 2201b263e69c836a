-- Moving credits. One lock order everywhere: request or job row → parts, lanes, outbox → slots, ascending. The slot comes last.

-- What the chain hashes: opaque ids and figures only, so that erasing a person's data leaves it whole.
create function darkroom.entry_hash(p_prev bytea, p_account text, p_slot int, p_version bigint, p_transfer bigint,
  p_ledger darkroom.ledger, p_amount bigint, p_balance bigint, p_kind text, p_ref text, p_at timestamptz)
returns bytea language sql stable as $$
  select sha256(p_prev || convert_to(concat_ws('|', p_account, p_slot, p_version, p_transfer, p_ledger, p_amount, p_balance, p_kind, p_ref,
    (extract(epoch from p_at) * 1000000)::bigint), 'UTF8'))
$$;

-- One leg on a locked slot: counted, chained, written. Returns the slot as it is then; save() stores it once.
create function darkroom.leg(s darkroom.slots, p_transfer bigint, p_ledger darkroom.ledger, p_amount bigint, p_kind text, p_ref text)
returns darkroom.slots language plpgsql as $$
declare v_after bigint;
begin
  case p_ledger
    when 'available' then s.available := s.available + p_amount; v_after := s.available;
    when 'held' then s.held := s.held + p_amount; v_after := s.held;
    when 'spent' then s.spent := s.spent + p_amount; v_after := s.spent;
    else s.granted := s.granted + p_amount; v_after := s.granted;
  end case;
  s.version := s.version + 1;
  s.head := darkroom.entry_hash(s.head, s.account_id, s.slot, s.version, p_transfer, p_ledger, p_amount, v_after, p_kind, p_ref, darkroom.now());
  insert into darkroom.entries (account_id, slot, version, transfer, ledger, amount, balance, kind, ref, at, hash)
    values (s.account_id, s.slot, s.version, p_transfer, p_ledger, p_amount, v_after, p_kind, p_ref, darkroom.now(), s.head);
  return s;
end $$;

-- A transfer: two legs that sum to zero.
create function darkroom.move(s darkroom.slots, p_from darkroom.ledger, p_to darkroom.ledger, p_amount bigint, p_kind text, p_ref text)
returns darkroom.slots language plpgsql as $$
declare v_transfer bigint;
begin
  if p_amount = 0 then return s; end if;
  v_transfer := nextval('darkroom.transfer_id');
  s := darkroom.leg(s, v_transfer, p_from, -p_amount, p_kind, p_ref);
  return darkroom.leg(s, v_transfer, p_to, p_amount, p_kind, p_ref);
end $$;

create function darkroom.save(s darkroom.slots) returns void language plpgsql as $$
begin
  update darkroom.slots t set granted = s.granted, available = s.available, held = s.held, spent = s.spent, outstanding = s.outstanding,
      max_outstanding = s.max_outstanding, window_at = s.window_at, window_count = s.window_count, version = s.version, head = s.head
   where t.account_id = s.account_id and t.slot = s.slot;
end $$;

-- Draws on an allowance under its slot's lock. Null: not enough left. Else what a hold must give back.
create function darkroom.draw(p_account text, p_slot int, p_subject text, p_period date, p_amount bigint, p_limit bigint)
returns jsonb language plpgsql as $$
begin
  insert into darkroom.caps (account_id, subject, slot, period, share) values (p_account, p_subject, p_slot, p_period, p_limit)
    on conflict do nothing;
  update darkroom.caps c set used = case when c.period < p_period then 0 else c.used end + p_amount, period = greatest(c.period, p_period),
      share = p_limit
   where c.account_id = p_account and c.subject = p_subject and c.slot = p_slot
     and p_limit - case when c.period < p_period then 0 else c.used end >= p_amount;
  if not found then return null; end if;
  return jsonb_build_array(jsonb_build_object('subject', p_subject, 'period', p_period, 'amount', p_amount));
end $$;

-- Reserves credits for jobs that are already inserted. Locks the slot, decides, books. Null, or the refusal; the caller undoes its
-- inserts on a refusal. p_jobs: [{id, credits}] of one payer.
create function darkroom.place_holds(c darkroom.caller, p_jobs jsonb) returns jsonb
language plpgsql as $$
declare
  a darkroom.accounts; s darkroom.slots; r record; v_total bigint; v_count int; v_now timestamptz := darkroom.now();
  v_refusal jsonb; v_drawn jsonb; v_day date := (v_now at time zone 'UTC')::date; v_month date := date_trunc('month', v_now at time zone 'UTC')::date;
begin
  select * into a from darkroom.accounts x where x.id = c.account_id;
  select sum((j->>'credits')::bigint), count(*) into v_total, v_count from jsonb_array_elements(p_jobs) j;
  select * into s from darkroom.slots x where x.account_id = c.account_id and x.slot = 0 for no key update;
  -- Transactions reach the lock in another order than they began: a window that starts later than now is not a clock set back.
  if s.window_at not between v_now - interval '1 minute' and v_now + interval '1 minute' then s.window_at := v_now; s.window_count := 0; end if;
  if s.window_count + v_count > a.rate_limit_per_minute then
    return darkroom.refuse('rate_limited', null, jsonb_build_object('limit', a.rate_limit_per_minute,
      'retry_after', greatest(1, ceil(extract(epoch from s.window_at + interval '1 minute' - v_now)))::int));
  end if;
  if s.outstanding + v_count > a.max_outstanding then
    return darkroom.refuse('limit_reached', null, jsonb_build_object('limit', a.max_outstanding, 'outstanding', s.outstanding, 'retry_after', 5));
  end if;
  if s.available < v_total then
    return darkroom.refuse('insufficient_credits', null, jsonb_build_object('available', s.available, 'required', v_total));
  end if;
  v_refusal := darkroom.count_rate(c, v_count);
  if v_refusal is not null then return v_refusal; end if;
  s.window_count := s.window_count + v_count;
  for r in select j->>'id' id, (j->>'credits')::bigint credits from jsonb_array_elements(p_jobs) j loop
    v_drawn := '[]';
    if c.caps is not null and r.credits > 0 then
      v_drawn := darkroom.draw_caps(c, s.slot, v_month, r.credits);
      if jsonb_typeof(v_drawn) = 'object' then return v_drawn; end if;
    elsif r.credits = 0 then
      v_drawn := darkroom.draw(c.account_id, s.slot, 'free', v_day, 1, a.free_jobs_per_day);
      if v_drawn is null then return darkroom.refuse('spend_cap_reached', null, jsonb_build_object('cap', a.free_jobs_per_day, 'subject', 'free_jobs_per_day')); end if;
      v_drawn := '[]';                      -- a free job that was made counts, however it ends
    end if;
    s := darkroom.move(s, 'available', 'held', r.credits, 'hold', r.id);
    s.outstanding := s.outstanding + 1;
    insert into darkroom.holds (id, account_id, slot, credits, allowances) values (r.id, c.account_id, s.slot, r.credits, v_drawn);
  end loop;
  perform darkroom.save(s);
  return null;
end $$;

-- Ends a hold, once: the conditional flip first, the unique key of hold_ends behind it. Charges least(actual, held); everything goes
-- back to the slot the hold came from. False: it had ended before.
create function darkroom.end_hold(p_job text, p_actual bigint, p_waste bigint default 0) returns boolean
language plpgsql as $$
declare h darkroom.holds; s darkroom.slots; v_charge bigint; v_status text;
begin
  update darkroom.holds x set status = case when least(p_actual, x.credits) > 0 then 'settled' else 'voided' end
   where x.id = p_job and x.status = 'held' returning * into h;
  if not found then return false; end if;
  v_charge := least(p_actual, h.credits);
  insert into darkroom.hold_ends (hold_id, status, charged, released, waste)
    values (p_job, h.status, v_charge, h.credits - v_charge, p_actual - v_charge + p_waste);
  select * into s from darkroom.slots x where x.account_id = h.account_id and x.slot = h.slot for no key update;
  s := darkroom.move(s, 'held', 'spent', v_charge, 'settle', p_job);
  s := darkroom.move(s, 'held', 'available', h.credits - v_charge, case h.status when 'settled' then 'settle' else 'void' end, p_job);
  s.outstanding := s.outstanding - 1;
  perform darkroom.save(s);
  update darkroom.caps c set used = c.used - (h.credits - v_charge)      -- a period that is over keeps what it was
    from jsonb_to_recordset(h.allowances) as d (subject text, period date, amount bigint)
   where c.account_id = h.account_id and c.subject = d.subject and c.slot = h.slot and c.period = d.period;
  return true;
end $$;
