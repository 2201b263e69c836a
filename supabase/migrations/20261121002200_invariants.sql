-- What must hold of the books and the queue at any instant. Each line counts its violations in one statement, so in one snapshot.
-- Numbers 1 to 13, 16, 18 and 22 are the service's published invariants (docs/reliability.md); 29 and up came later.
create function darkroom.invariants() returns table (id int, name text, violations bigint)
language sql stable as $$
  select 1, 'entries sum to zero', abs(coalesce(sum(e.amount), 0))::bigint from darkroom.entries e
  union all
  select 2, 'a slot is the fold of its entries', count(*) from darkroom.slots s left join (
      select e.account_id, e.slot, max(e.version) as version,
          coalesce(sum(e.amount) filter (where e.ledger = 'granted'), 0) as granted, coalesce(sum(e.amount) filter (where e.ledger = 'available'), 0) as available,
          coalesce(sum(e.amount) filter (where e.ledger = 'held'), 0) as held, coalesce(sum(e.amount) filter (where e.ledger = 'spent'), 0) as spent
        from darkroom.entries e group by 1, 2) f on f.account_id = s.account_id and f.slot = s.slot
   where (s.version, s.granted, s.available, s.held, s.spent) is distinct from
     (coalesce(f.version, 0), coalesce(f.granted, 0), coalesce(f.available, 0), coalesce(f.held, 0), coalesce(f.spent, 0))
  union all
  select 3, 'balances and versions run on', count(*) from (
      select e.balance, sum(e.amount) over (partition by e.account_id, e.slot, e.ledger order by e.version) as running, e.version,
          row_number() over (partition by e.account_id, e.slot order by e.version) as n from darkroom.entries e) x
   where x.balance <> x.running or x.version <> x.n
  union all
  select 4, 'a transfer has two legs that sum to zero', count(*) from (
      select e.transfer from darkroom.entries e group by 1 having count(*) <> 2 or sum(e.amount) <> 0 or count(distinct e.ledger) <> 2) x
  union all
  select 5, 'no balance below zero', count(*) from darkroom.slots s where s.available < 0 or s.held < 0 or s.spent < 0 or s.outstanding < 0
  union all
  select 6, 'the hash chain is whole', count(*) from (
      select e.*, lag(e.hash, 1, '\x'::bytea) over (partition by e.account_id, e.slot order by e.version) as previous from darkroom.entries e) e
   where e.hash <> darkroom.entry_hash(e.previous, e.account_id, e.slot, e.version, e.transfer, e.ledger, e.amount, e.balance, e.kind, e.ref, e.at)
  union all
  select 7, 'a job has exactly one hold', count(*) from darkroom.jobs j full join darkroom.holds h on h.id = j.id where j.id is null or h.id is null
  union all
  select 8, 'a job has ended when its hold has', count(*) from darkroom.jobs j join darkroom.holds h on h.id = j.id left join darkroom.hold_ends e on e.hold_id = h.id
   where (j.finished_at is not null) <> (e.hold_id is not null) or (h.status = 'held') <> (e.hold_id is null)
      or (j.finished_at is not null) <> (j.status in ('completed', 'failed', 'canceled', 'expired'))
  union all
  select 9, 'charged and released make the hold', count(*) from darkroom.holds h join darkroom.hold_ends e on e.hold_id = h.id where e.charged + e.released <> h.credits
  union all
  select 10, 'only what was delivered is charged', count(*) from darkroom.jobs j join darkroom.hold_ends e on e.hold_id = j.id join darkroom.holds h on h.id = j.id
   where e.charged <> least(h.credits, case
     when j.status = 'completed' then darkroom.delivered_credits(j.id, case j.preview when 'only' then 'preview' else 'final' end)
     else darkroom.preview_charge(j, j.status) end)
  union all
  select 11, 'only legal edges, none out of an end', count(*) from (
      select e.*, lag(e.to_status) over (partition by e.job_id order by e.version) as before from darkroom.job_history e) e
   where e.from_status is distinct from e.before or (e.type = 'status' and e.from_status is not null and not exists (
     select from darkroom.state_edges x where x.machine = 'job' and x.from_state = e.from_status and x.to_state = e.to_status))
  union all
  select 12, 'one request under a key, one job', count(*) from darkroom.requests r, unnest(r.object_ids) o
   where o is null or r.kind in ('job', 'batch') and o like 'job\_%' and not exists (select from darkroom.jobs j where j.id = o and j.account_id = r.account_id)
  union all
  select 13, 'a stored refusal has no job', count(*) from darkroom.requests r where r.refusal is not null and cardinality(r.object_ids) > 0
  union all
  select 16, 'an applied verdict consumed its message', count(*) from darkroom.attempts a
   where (a.applied_at is not null) <> exists (select from darkroom.consumed_messages m where m.source = 'callback' and m.message_id = 'cb_' || a.id || '_' || a.status)
  union all
  select 18, 'what has not ended has a next wake-up', count(*) from darkroom.jobs j
   where j.finished_at is null and coalesce(j.deadline_at, j.held_until, j.expiring_until) is null
  union all
  select 22, 'fences only grow', count(*) from darkroom.parts p where p.fence <> (select coalesce(max(a.fence), 0) from darkroom.attempts a where a.part_id = p.id)
  union all
  select 29, 'held and outstanding are the open holds', count(*) from darkroom.slots s left join (
      select h.account_id, h.slot, sum(h.credits) as credits, count(*) as holds from darkroom.holds h where h.status = 'held' group by 1, 2) h
      on h.account_id = s.account_id and h.slot = s.slot
   where s.held <> coalesce(h.credits, 0) or s.outstanding <> coalesce(h.holds, 0)
  union all
  select 30, 'issued is what was granted', count(*) from darkroom.accounts a
    left join (select s.account_id, -sum(s.granted) as issued from darkroom.slots s group by 1) s on s.account_id = a.id
    left join (select g.account_id, sum(g.credits) as granted from darkroom.grants g group by 1) g on g.account_id = a.id
   where coalesce(s.issued, 0) <> coalesce(g.granted, 0)
  union all
  select 31, 'whoever waits is in the lane', count(*) from darkroom.parts p where p.status = 'waiting'
     and not exists (select from darkroom.lane_accounts l where l.lane = p.lane and l.kind = p.kind and l.account_id = p.account_id)
  union all
  select 32, 'a running part has the attempt of its fence', count(*) from darkroom.parts p where p.status = 'running'
     and not exists (select from darkroom.attempts a where a.part_id = p.id and a.fence = p.fence and a.applied_at is null)
  union all
  select 33, 'a running attempt has a next check', count(*) from darkroom.attempts a
   where a.applied_at is null and a.next_check_at is null
  union all
  select 34, 'no allowance is overdrawn', count(*) from darkroom.caps c where c.used > c.share
  union all
  select 35, 'spent is charged less refunds', count(*) from darkroom.slots s left join (
      select h.account_id, h.slot, sum(e.charged - coalesce(r.credits, 0)) as kept from darkroom.holds h join darkroom.hold_ends e on e.hold_id = h.id
          left join (select r.job_id, sum(r.credits) as credits from darkroom.refunds r group by 1) r on r.job_id = h.id
        group by 1, 2) k on k.account_id = s.account_id and k.slot = s.slot
   where s.spent <> coalesce(k.kept, 0)
  union all
  select 36, 'nobody waits in an idle lane without a wake-up', count(*) from darkroom.lanes l
   where exists (select from darkroom.parts p where p.lane = l.lane and p.status = 'waiting')
     and not exists (select from darkroom.outbox o where o.lane = l.lane)
     and not exists (select from darkroom.attempts a join darkroom.lane_keys(l) k on k.id = a.key_id where a.status in ('starting', 'submitted', 'submission_unknown'))
  union all
  select 37, 'what waits, waits in its candidate''s lane', count(*) from darkroom.parts p join darkroom.jobs j on j.id = p.job_id
   where p.status = 'waiting' and (p.lane is distinct from darkroom.candidate(j.stages, p.stage, p.candidate)->>'lane'
     or not exists (select from darkroom.lanes l where l.lane = p.lane))
  union all
  select 38, 'a hold is what the dearest candidate costs', count(*) from darkroom.jobs j join darkroom.holds h on h.id = j.id
   where h.credits <> j.count * (select max((x->>'credits')::bigint)
     from jsonb_array_elements(coalesce(j.stages->'final', j.stages->'preview')->'candidates') x)
$$;
revoke all on function darkroom.invariants() from public;
