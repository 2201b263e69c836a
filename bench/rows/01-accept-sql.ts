import type { Bench } from '../bench.ts';
import type { Ratio, Row } from '../row.ts';
import { fillAccounts, useKeys } from '../sql/accounts.ts';
import { findPgbench, type Mode, runPgbench } from '../sql/pgbench.ts';
import { drive } from '../sql/plain-driver.ts';
import { acceptRequest, credential } from '../sql/requests.ts';
import type { Database } from '../sql/server.ts';
import { fillTpcb, SCALE, tpcbTransaction } from '../sql/tpcb.ts';
import { compare, interleave } from '../statistics.ts';

const ACCOUNTS = 10_000;
/** So that their numbers have as many digits each. */
const FIRST = 10_000;
const CLIENTS = 8;
const PROVIDER = 'replicate';

/** The whole of `api.accept`, as `submit` calls it, against PostgreSQL's own yardstick on the same server. */
export const row: Row = {
  id: 1,
  name: 'accept in SQL',
  async run(bench) {
    const server = await bench.databases();
    const accounts = await server.create('accept');
    await fillAccounts(accounts.pool, ACCOUNTS, [PROVIDER], FIRST);
    const tpcb = await server.plain('tpcb');
    bench.log(`  filling TPC-B at scale ${SCALE}`);
    await fillTpcb(tpcb.pool);
    const pgbench = findPgbench();
    const sides = pgbench === undefined ? withoutPgbench(accounts, tpcb) : withPgbench(pgbench, accounts, tpcb);
    await warmUp(accounts, sides);
    const ratio = await measure(bench, accounts, sides);
    return [ratio];
  },
};

type Side = (seconds: number, mode: Mode) => Promise<number>;
type Sides = { driver: string; modes: Mode[]; accept: Side; tpcb: Side };

/** Plans are made for tables as they are when a session first asks: what is measured is a database in use, not its first seconds. */
async function warmUp({ pool }: Database, { accept, tpcb }: Sides): Promise<void> {
  await accept(2, 'simple');
  await tpcb(2, 'simple');
  await useKeys(pool);
  await pool.query('vacuum analyze');
}

async function measure(bench: Bench, accounts: Database, { driver, modes, accept, tpcb }: Sides): Promise<Ratio> {
  const seconds = bench.quick ? 2 : 10;
  const rounds = bench.quick ? 3 : 5;
  const figures = new Map<Mode, ReturnType<typeof compare>>();
  for (const mode of modes) {
    const { against, measured } = await interleave(rounds, {
      against: () => tpcb(seconds, mode),
      measured: () => mustInsert(accounts, seconds, () => accept(seconds, mode)),
    });
    figures.set(mode, compare(measured, against));
  }
  const simple = figures.get('simple') as ReturnType<typeof compare>;
  const prepared = figures.get('prepared');
  const beside = prepared ? `; prepared on both sides: ${(prepared.measured / prepared.against).toFixed(2)}` : '';
  const note = `driver: ${driver}, ${CLIENTS} clients, simple protocol on both sides${beside}`;
  return { ...simple, unit: '/s', aim: { least: 1 }, note };
}

/** A refusal is an answer, too, and a quick one: what was counted must be there as jobs. */
async function mustInsert(accounts: Database, seconds: number, run: () => Promise<number>): Promise<number> {
  const jobs = async () => Number((await accounts.pool.query('select count(*) from darkroom.jobs')).rows[0].count);
  const before = await jobs();
  const perSecond = await run();
  const made = (await jobs()) - before;
  if (made < perSecond * seconds * 0.8)
    throw new Error(`only ${made} jobs in ${seconds} s at ${perSecond} answers a second`);
  return perSecond;
}

function withPgbench(program: string, accounts: Database, tpcb: Database): Sides {
  const on = { program, clients: CLIENTS };
  return {
    driver: 'pgbench',
    modes: ['simple', 'prepared'],
    tpcb: (seconds, mode) => runPgbench({ ...on, url: tpcb.superuser, mode, seconds }),
    accept: (seconds, mode) =>
      runPgbench({ ...on, url: accounts.authenticator, role: 'submit', mode, seconds, script: acceptScript(mode) }),
  };
}

/**
 * Account and idempotency key are pgbench's variables. In the simple protocol it writes their values into the statement, as a client would;
 * prepared they are its parameters, which have to be put together with the rest by the server.
 */
function acceptScript(mode: Mode): string {
  const put = (name: string) => (mode === 'simple' ? `:${name}` : `' || :${name}::text || '`);
  const who = quoted(credential(0)).replace(/0{64}/, `${'0'.repeat(59)}${put('a')}`);
  const what = quoted(acceptRequest(PROVIDER, '@key')).replace('@key', put('r'));
  const call = mode === 'simple' ? `api.accept(${who}, ${what})` : `api.accept((${who})::jsonb, (${what})::jsonb)`;
  return `\\set a random(${FIRST}, ${FIRST + ACCOUNTS - 1})\n\\set r random(1, 1000000000000000)\nselect ${call};\n`;
}

/** As a literal, without a colon before a letter: pgbench would take what follows for a variable of its own. */
function quoted(value: object): string {
  return `'${JSON.stringify(value)
    .replaceAll('":', '": ')
    .replaceAll(/:(?=\w)/g, '\\u003a')}'`;
}

function withoutPgbench(accounts: Database, tpcb: Database): Sides {
  const any = () => FIRST + Math.floor(Math.random() * ACCOUNTS);
  const call = () =>
    `select api.accept(${quoted(credential(any()))}, ${quoted(acceptRequest(PROVIDER, crypto.randomUUID()))})`;
  return {
    driver: 'bench/sql/plain-driver.ts (no pgbench found)',
    modes: ['simple'],
    tpcb: (seconds) => drive({ url: tpcb.superuser, clients: CLIENTS, seconds, transaction: tpcbTransaction }),
    accept: (seconds) =>
      drive({ url: accounts.authenticator, role: 'submit', clients: CLIENTS, seconds, transaction: () => [call()] }),
  };
}
