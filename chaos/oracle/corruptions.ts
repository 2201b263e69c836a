/** A wrong row, and what the oracle must say of it: the beginning of a finding. Each needs one row to break, or two where it says so. */
export type Corruption = { says: string; sql: string };

/** One row of a table; of those that fit, if it matters which. */
const one = (table: string, fits = 'true') => `ctid = (select ctid from darkroom.${table} where ${fits} limit 1)`;
const change = (table: string, set: string, fits?: string) =>
  `update darkroom.${table} set ${set} where ${one(table, fits)}`;
const drop = (table: string, fits?: string) => `delete from darkroom.${table} where ${one(table, fits)}`;

/** Gives two attempts, if there are two, to one part, one after the other. */
const twoOfOnePart = (status: string) => `update darkroom.attempts a
    set status = '${status}', part_id = x.part, fence = 1000 + x.n
   from (select id, min(part_id) over () as part, row_number() over () as n, count(*) over () as many
           from darkroom.attempts limit 2) x
  where a.id = x.id and x.many > 1`;

/**
 * Left out is what no row can show while a constraint stands: balances below zero (5), overdrawn allowances (34), a hold that ended
 * twice, a message consumed twice.
 */
const ofTheDatabase: Corruption[] = [
  { says: '1 ', sql: change('entries', 'amount = amount + 1', 'amount > 0') },
  { says: '2 ', sql: change('slots', 'version = version + 1') },
  { says: '3 ', sql: change('entries', 'balance = balance + 1') },
  { says: '4 ', sql: change('entries', 'transfer = -1') },
  { says: '6 ', sql: change('entries', `hash = '\\x00'`) },
  { says: '7 ', sql: drop('holds') },
  { says: '8 ', sql: drop('hold_ends') },
  { says: '9 ', sql: change('hold_ends', 'released = released + 1') },
  { says: '10 ', sql: change('hold_ends', 'charged = charged + 1') },
  { says: '11 ', sql: change('job_events', `to_status = 'queued'`, 'from_status is not null') },
  { says: '12 ', sql: change('requests', `object_ids = '{job_none}'`, `kind = 'job'`) },
  { says: '13 ', sql: change('requests', `refusal = '{}'`, 'cardinality(object_ids) > 0') },
  { says: '16 ', sql: drop('consumed_messages', `source = 'callback'`) },
  {
    says: '18 ',
    sql: change('jobs', 'finished_at = null, deadline_at = null, held_until = null, expiring_until = null'),
  },
  { says: '22 ', sql: change('parts', 'fence = fence + 1') },
  { says: '29 ', sql: change('slots', 'outstanding = outstanding + 1') },
  { says: '30 ', sql: change('grants', 'credits = credits + 1') },
  {
    says: '31 ',
    sql: `with left_out as (delete from darkroom.lane_accounts) ${change('parts', `status = 'waiting'`)}`,
  },
  { says: '32 ', sql: change('parts', `status = 'running'`) },
  { says: '33 ', sql: change('attempts', 'applied_at = null, next_check_at = null') },
  { says: '35 ', sql: change('slots', 'spent = spent + 1, available = available - 1', 'available > 0') },
  { says: '36 ', sql: change('parts', `status = 'waiting'`) },
  { says: '37 ', sql: change('parts', `status = 'waiting', lane = 'nowhere'`) },
  { says: '38 ', sql: change('holds', 'credits = credits + 1') },
];

const ofTheSimulator: Corruption[] = [
  {
    says: 'a job was charged more than once',
    sql: `insert into darkroom.entries (account_id, slot, version, transfer, ledger, amount, balance, kind, ref, at, hash)
      select account_id, slot, version + 1000000, transfer, ledger, amount, balance, kind, ref, at, hash
        from darkroom.entries where ledger = 'spent' and kind = 'settle' limit 1`,
  },
  { says: 'a part is handed out twice', sql: twoOfOnePart('submitted') },
  { says: 'tried again without a definite failure', sql: twoOfOnePart('succeeded') },
  { says: 'a job that was accepted is not there', sql: 'delete from darkroom.jobs' },
  { says: '25 ', sql: `update darkroom.jobs set account_id = 'acct_none'` },
  { says: 'credits came or went', sql: 'update darkroom.slots set available = available + 1, granted = granted - 1' },
  { says: 'more is spent', sql: 'update darkroom.slots set spent = spent + 1, granted = granted - 1' },
  { says: 'credits are still held', sql: 'update darkroom.slots set held = held + 1, granted = granted - 1' },
  {
    says: 'a failed job was charged',
    sql: `update darkroom.jobs set status = 'failed' where id in (select hold_id from darkroom.hold_ends where charged > 0)`,
  },
  { says: 'a job has not ended', sql: change('jobs', 'finished_at = null') },
  { says: 'an attempt has not ended', sql: change('attempts', 'applied_at = null') },
  { says: 'a part has not ended', sql: change('parts', `status = 'parked'`) },
  { says: '20 a delivery has not ended', sql: change('deliveries', `status = 'pending'`) },
];

export const corruptions: Corruption[] = [...ofTheDatabase, ...ofTheSimulator];
