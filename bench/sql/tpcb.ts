import type pg from 'pg';

export const SCALE = 50;
const ACCOUNTS = 100_000 * SCALE;
const TELLERS = 10 * SCALE;

/** The tables as `pgbench -i -s 50` makes them: 5,000,000 accounts, filler columns and primary keys. */
export async function fillTpcb(pool: pg.Pool): Promise<void> {
  for (const statement of [
    'create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))',
    'create table pgbench_tellers (tid int not null, bid int, tbalance int, filler char(84)) with (fillfactor = 100)',
    'create table pgbench_accounts (aid int not null, bid int, abalance int, filler char(84)) with (fillfactor = 100)',
    'create table pgbench_branches (bid int not null, bbalance int, filler char(88)) with (fillfactor = 100)',
    `insert into pgbench_branches (bid, bbalance) select n, 0 from generate_series(1, ${SCALE}) n`,
    `insert into pgbench_tellers (tid, bid, tbalance) select n, (n - 1) / 10 + 1, 0 from generate_series(1, ${TELLERS}) n`,
    `insert into pgbench_accounts (aid, bid, abalance, filler)
     select n, (n - 1) / 100000 + 1, 0, '' from generate_series(1, ${ACCOUNTS}) n`,
    'vacuum analyze pgbench_branches, pgbench_tellers, pgbench_accounts, pgbench_history',
    'alter table pgbench_branches add primary key (bid)',
    'alter table pgbench_tellers add primary key (tid)',
    'alter table pgbench_accounts add primary key (aid)',
  ]) {
    await pool.query(statement);
  }
}

const anyOf = (count: number) => 1 + Math.floor(Math.random() * count);

/** The seven statements of pgbench's built-in script `tpcb-like`, with its distributions. */
export function tpcbTransaction(): string[] {
  const [aid, bid, tid, delta] = [anyOf(ACCOUNTS), anyOf(SCALE), anyOf(TELLERS), anyOf(10_001) - 5_001];
  return [
    'BEGIN',
    `UPDATE pgbench_accounts SET abalance = abalance + ${delta} WHERE aid = ${aid}`,
    `SELECT abalance FROM pgbench_accounts WHERE aid = ${aid}`,
    `UPDATE pgbench_tellers SET tbalance = tbalance + ${delta} WHERE tid = ${tid}`,
    `UPDATE pgbench_branches SET bbalance = bbalance + ${delta} WHERE bid = ${bid}`,
    `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (${tid}, ${bid}, ${aid}, ${delta}, CURRENT_TIMESTAMP)`,
    'END',
  ];
}
