-- Moving credits. One lock order everywhere: request or job row → parts, lanes, outbox → slots, ascending. The slot comes last; what is locked
-- under it, nobody else can have locked before it: rows that the transaction inserts, and allowances, quotes and rates of that account.

-- What the chain hashes: opaque ids and figures only, so that erasing a person's data leaves it whole.
create function darkroom.entry_hash(p_prev bytea, p_account text, p_slot int, p_version bigint, p_transfer bigint,
  p_ledger darkroom.ledger, p_amount bigint, p_balance bigint, p_kind text, p_ref text, p_at timestamptz)
returns bytea language sql stable as $$
  select sha256(p_prev || convert_to(concat_ws('|', p_account, p_slot, p_version, p_transfer, p_ledger, p_amount, p_balance, p_kind, p_ref,
    (date_part('epoch', p_at) * 1000000)::bigint), 'UTF8'))
$$;

-- A transfer on a locked slot: two legs that sum to zero, counted, chained and written, with the slot, in one statement. Returns the
-- slot as it is then.
create function darkroom.move(s darkroom.slots, p_from darkroom.ledger, p_to darkroom.ledger, p_amount bigint, p_kind text, p_ref text,
  p_at timestamptz default darkroom.now()) returns darkroom.slots language plpgsql as $$
declare v_transfer bigint; v_left bigint; v_now_there bigint; v_between bytea;
begin
  if p_amount = 0 then return darkroom.save(s); end if;
  v_transfer := nextval('darkroom.transfer_id');
  case p_from
    when 'available' then s.available := s.available - p_amount; v_left := s.available;
    when 'held' then s.held := s.held - p_amount; v_left := s.held;
    when 'spent' then s.spent := s.spent - p_amount; v_left := s.spent;
    else s.granted := s.granted - p_amount; v_left := s.granted;
  end case;
  case p_to
    when 'available' then s.available := s.available + p_amount; v_now_there := s.available;
    when 'held' then s.held := s.held + p_amount; v_now_there := s.held;
    when 'spent' then s.spent := s.spent + p_amount; v_now_there := s.spent;
    else s.granted := s.granted + p_amount; v_now_there := s.granted;
  end case;
  v_between := darkroom.entry_hash(s.head, s.account_id, s.slot, s.version + 1, v_transfer, p_from, -p_amount, v_left, p_kind, p_ref, p_at);
  s.version := s.version + 2;
  s.head := darkroom.entry_hash(v_between, s.account_id, s.slot, s.version, v_transfer, p_to, p_amount, v_now_there, p_kind, p_ref, p_at);
  with slot as (
    update darkroom.slots t set granted = s.granted, available = s.available, held = s.held, spent = s.spent, outstanding = s.outstanding,
        version = s.version, head = s.head
     where t.account_id = s.account_id and t.slot = s.slot)
  insert into darkroom.entries (account_id, slot, version, transfer, ledger, amount, balance, kind, ref, at, hash) values
    (s.account_id, s.slot, s.version - 1, v_transfer, p_from, -p_amount, v_left, p_kind, p_ref, p_at, v_between),
    (s.account_id, s.slot, s.version, v_transfer, p_to, p_amount, v_now_there, p_kind, p_ref, p_at, s.head);
  return s;
end $$;

-- Writes what of a slot can change without a transfer.
create function darkroom.save(s darkroom.slots) returns darkroom.slots language plpgsql as $$
begin
  update darkroom.slots t set outstanding = s.outstanding where t.account_id = s.account_id and t.slot = s.slot;
  return s;
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

-- What a job draws on besides the balance: the caller's caps, or the free jobs of the day. What its hold gives back, or the refusal.
create function darkroom.draw_allowances(c darkroom.caller, s darkroom.slots, p_credits bigint) returns jsonb
language plpgsql as $$
declare v_today timestamp := c.at at time zone 'UTC';
begin
  if p_credits > 0 then return darkroom.draw_caps(c, s.slot, date_trunc('month', v_today)::date, p_credits); end if;
  if darkroom.draw(c.account_id, s.slot, 'free', v_today::date, 1, s.free_jobs_per_day) is null then
    return darkroom.refuse('spend_cap_reached', null, jsonb_build_object('cap', s.free_jobs_per_day, 'subject', 'free_jobs_per_day'));
  end if;
  return '[]';                              -- a free job that was made counts, however it ends
end $$;

-- Why a locked slot does not admit so many more jobs that cost so much; null: it does. Its minute has counted them already.
create function darkroom.slot_refusal(s darkroom.slots, p_count int, p_credits bigint, p_now timestamptz) returns jsonb
language plpgsql stable as $$
begin
  if s.window_count > s.rate_limit_per_minute then
    return darkroom.refuse('rate_limited', null, jsonb_build_object('limit', s.rate_limit_per_minute,
      'retry_after', darkroom.seconds_left(s.window_at, p_now)));
  elsif s.outstanding + p_count > s.max_outstanding then
    return darkroom.refuse('limit_reached', null, jsonb_build_object('limit', s.max_outstanding, 'outstanding', s.outstanding, 'retry_after', 5));
  elsif s.available < p_credits then
    return darkroom.refuse('insufficient_credits', null, jsonb_build_object('available', s.available, 'required', p_credits));
  end if;
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
  s.outstanding := s.outstanding - 1;
  s := darkroom.move(s, 'held', 'spent', v_charge, 'settle', p_job);
  if h.credits > v_charge then
    s := darkroom.move(s, 'held', 'available', h.credits - v_charge, case h.status when 'settled' then 'settle' else 'void' end, p_job);
  end if;
  update darkroom.caps c set used = c.used - (h.credits - v_charge)      -- a period that is over keeps what it was
    from jsonb_to_recordset(h.allowances) as d (subject text, period date, amount bigint)
   where c.account_id = h.account_id and c.subject = d.subject and c.slot = h.slot and c.period = d.period;
  return true;
end $$;
