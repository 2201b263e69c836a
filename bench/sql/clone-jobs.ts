import type pg from 'pg';
import { accountId } from './accounts.ts';

type Clones = {
  /** The job whose rows are repeated; it went through the service's own functions. */
  job: string;
  count: number;
  /** SQL over `n`, the clone's number from 1 on: the number of the account that owns it. */
  account: string;
  /** Sets the ids of several calls on one database apart. */
  series: string;
};

/**
 * Repeats one job's rows, whatever state it is in, so often and for so many accounts that a million take minutes. The books are kept:
 * every clone has its own entries, with balances, versions and hashes that run on from its account's last. Ids sort before new ones.
 */
export async function cloneJobs(pool: pg.Pool, { job, count, account, series }: Clones): Promise<void> {
  const client = await pool.connect();
  try {
    // Neither triggers nor foreign keys: the rows that they would ask about are made here as well.
    await client.query("begin; set local session_replication_role = replica; set local work_mem = '256MB'");
    await client.query(prepare(job, count, account, series));
    for (const [table, own] of Object.entries(clonedColumns)) await cloneRows(client, table, own);
    await client.query(cloneEntries);
    await client.query(joinLanes);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
  await pool.query('vacuum analyze');
}

/** One row per clone: its number, its account, its place among the account's clones, its ids. */
const prepare = (job: string, count: number, account: string, series: string) => `
  create temp table template on commit drop as select j.id as job_id,
    (select min(p.id) from darkroom.parts p where p.job_id = j.id) as part_id,
    (select a.id from darkroom.attempts a where a.job_id = j.id) as attempt_id,
    (select max(p.id) from darkroom.parts p) as last_part
    from darkroom.jobs j where j.id = '${job}';
  create temp table clones on commit drop as
    select n, ${accountId('account')} as account_id, 'ak_' || lpad(to_hex(account), 32, '0') as api_key_id,
      row_number() over (partition by account order by n) - 1 as place, 'job_0000${series}' || lpad(to_hex(n), 27, '0') as job_id,
      'att_0000${series}' || lpad(to_hex(n), 27, '0') as attempt_id, (select last_part from template) + n as part_id
    from (select n, (${account})::int as account from generate_series(1, ${count}) n) x;
  select setval(pg_get_serial_sequence('darkroom.parts', 'id'), (select max(part_id) from clones));
  analyze clones`;

/** What differs between a clone's row and the template's, by table; all other columns are the same. */
const clonedColumns: Record<string, Record<string, string>> = {
  requests: { account_id: 'c.account_id', key: "'clone-' || c.job_id", object_ids: 'array[c.job_id]' },
  jobs: { id: 'c.job_id', account_id: 'c.account_id', api_key_id: 'c.api_key_id', events_token: 'md5(c.n::text)' },
  job_events: { job_id: 'c.job_id', account_id: 'c.account_id' },
  parts: { id: 'c.part_id', job_id: 'c.job_id', account_id: 'c.account_id' },
  attempts: { id: 'c.attempt_id', part_id: 'c.part_id', job_id: 'c.job_id', account_id: 'c.account_id' },
  outputs: {
    id: "'out_' || substr(c.job_id, 5)",
    job_id: 'c.job_id',
    account_id: 'c.account_id',
    attempt_id: 'c.attempt_id',
  },
  provider_costs: { attempt_id: 'c.attempt_id', job_id: 'c.job_id', account_id: 'c.account_id' },
  consumed_messages: { message_id: "'cb_' || c.attempt_id || '_succeeded'" },
  holds: { id: 'c.job_id', account_id: 'c.account_id' },
  hold_ends: { hold_id: 'c.job_id' },
};

/** How the template's own rows are found, where it is not by their `job_id`. */
const foundBy: Record<string, string> = {
  requests: 't.object_ids = array[m.job_id]',
  jobs: 't.id = m.job_id',
  consumed_messages: "t.message_id = 'cb_' || m.attempt_id || '_succeeded'",
  holds: 't.id = m.job_id',
  hold_ends: 't.hold_id = m.job_id',
};

async function cloneRows(client: pg.PoolClient, table: string, own: Record<string, string>): Promise<void> {
  const { rows } = await client.query<{ attname: string }>(
    'select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped',
    [`darkroom.${table}`],
  );
  // A transaction id is its own transaction's.
  const columns = rows.map(({ attname }) => attname).filter((name) => name !== 'xid');
  const values = columns.map((name) => own[name] ?? `t.${name}`);
  await client.query(
    `insert into darkroom.${table} (${columns.join(', ')}) overriding system value
     select ${values.join(', ')} from template m join darkroom.${table} t on ${foundBy[table] ?? 't.job_id = m.job_id'}
       cross join clones c order by c.n`,
  );
}

/**
 * The template's entries again, at the end of each account's chain. The hash is an aggregate over a window, so that each takes the one
 * before it, as `darkroom.move` does.
 */
const cloneEntries = `
  create or replace function pg_temp.link(state bytea, head bytea, account text, slot int, version bigint, transfer bigint, ledger darkroom.ledger,
    amount bigint, balance bigint, kind text, ref text, at timestamptz) returns bytea language plpgsql as $$
  begin
    return darkroom.entry_hash(coalesce(state, head), account, slot, version, transfer, ledger, amount, balance, kind, ref, at);
  end $$;
  create or replace aggregate pg_temp.chain(bytea, text, int, bigint, bigint, darkroom.ledger, bigint, bigint, text, text, timestamptz)
    (sfunc = pg_temp.link, stype = bytea);
  create temp table legs on commit drop as
    select e.*, row_number() over (order by e.version) as leg, count(*) over () as legs, dense_rank() over (order by e.transfer) as pair
      from darkroom.entries e join template m on e.ref = m.job_id;
  with numbered as (
    select c.account_id, l.slot, s.version + c.place * l.legs + l.leg as version,
        (select last_value from darkroom.transfer_id) + (c.n - 1) * l.legs / 2 + l.pair as transfer, l.ledger, l.amount,
        case l.ledger when 'granted' then s.granted when 'available' then s.available when 'held' then s.held else s.spent end as before,
        l.kind, c.job_id as ref, l.at, s.head
      from clones c cross join legs l join darkroom.slots s on s.account_id = c.account_id and s.slot = l.slot),
  summed as (
    select n.*, (n.before + sum(n.amount) over (partition by n.account_id, n.ledger order by n.version))::bigint as balance from numbered n)
  insert into darkroom.entries (account_id, slot, version, transfer, ledger, amount, balance, kind, ref, at, hash)
  select e.account_id, e.slot, e.version, e.transfer, e.ledger, e.amount, e.balance, e.kind, e.ref, e.at,
      pg_temp.chain(e.head, e.account_id, e.slot, e.version, e.transfer, e.ledger, e.amount, e.balance, e.kind, e.ref, e.at)
        over (partition by e.account_id order by e.version)
    from summed e;
  select setval('darkroom.transfer_id', (select max(transfer) from darkroom.entries));
  with per_account as (select account_id, count(*) as clones from clones group by 1),
  moved as (select coalesce(sum(amount) filter (where ledger = 'available'), 0) as available,
      coalesce(sum(amount) filter (where ledger = 'held'), 0) as held, coalesce(sum(amount) filter (where ledger = 'spent'), 0) as spent,
      count(*) as legs from legs)
  update darkroom.slots s set available = s.available + m.available * a.clones, held = s.held + m.held * a.clones,
      spent = s.spent + m.spent * a.clones, version = s.version + m.legs * a.clones,
      outstanding = s.outstanding + a.clones * (select count(*) from darkroom.holds h join template t on h.id = t.job_id where h.status = 'held'),
      head = (select e.hash from darkroom.entries e where e.account_id = s.account_id and e.slot = s.slot order by e.version desc limit 1)
    from per_account a, moved m where s.account_id = a.account_id and s.slot = 0`;

/** Who has something waiting stands in its lane, in an order that has nothing to do with the ids. */
const joinLanes = `
  insert into darkroom.lane_accounts (lane, kind, account_id, turn_at)
  select p.lane, p.kind, p.account_id, now() - random() * interval '1 hour' from darkroom.parts p join clones c on c.part_id = p.id
   where p.status = 'waiting' group by 1, 2, 3 on conflict do nothing`;
