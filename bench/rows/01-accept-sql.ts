import type { Bench } from '../bench.ts';
import type { Ratio, Row } from '../row.ts';
import { fillAccounts, useKeys } from '../sql/accounts.ts';
import { findPgbench, runPgbench } from '../sql/pgbench.ts';
import { drive } from '../sql/plain-driver.ts';
import { acceptRequest, credential } from '../sql/requests.ts';
import type { Database } from '../sql/server.ts';
import { fillTpcb, SCALE, tpcbTransaction } from '../sql/tpcb.ts';
import { compare, interleave } from '../statistics.ts';

const ACCOUNTS = 10_000;
/** So that their numbers have as many digits each. */
const FIRST = 10_000;
/** One for each core of a small machine, where waiting counts; and enough of them that nothing but work does. */
const CLIENTS = [2, 8];
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
    const ratios: Ratio[] = [];
    for (const clients of CLIENTS) ratios.push(await measure(bench, accounts, sides, clients));
    return ratios;
  },
};

type Side = (load: { clients: number; seconds: number }) => Promise<number>;
type Sides = { driver: string; accept: Side; tpcb: Side };

/** Plans are made for tables as they are when a session first asks: what is measured is a database in use, not its first seconds. */
async function warmUp({ pool }: Database, { accept, tpcb }: Sides): Promise<void> {
  const load = { clients: Math.max(...CLIENTS), seconds: 2 };
  await accept(load);
  await tpcb(load);
  await useKeys(pool);
  await pool.query('vacuum analyze');
}

async function measure(
  bench: Bench,
  accounts: Database,
  { driver, accept, tpcb }: Sides,
  clients: number,
): Promise<Ratio> {
  const load = { clients, seconds: bench.quick ? 2 : 10 };
  const { against, measured } = await interleave(bench.quick ? 3 : 5, {
    against: () => tpcb(load),
    measured: () => mustInsert(accounts, load.seconds, () => accept(load)),
  });
  const note = `driver: ${driver}, simple protocol on both sides`;
  return { name: `${clients} clients`, ...compare(measured, against), unit: '/s', aim: { least: 1 }, note };
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
  const script = acceptScript();
  return {
    driver: 'pgbench',
    tpcb: (load) => runPgbench({ ...load, program, url: tpcb.superuser }),
    accept: (load) => runPgbench({ ...load, program, url: accounts.authenticator, role: 'submit', script }),
  };
}

/** Account and idempotency key are pgbench's variables: it writes their values into the statement, as a client would. */
function acceptScript(): string {
  const who = quoted(credential(0)).replace(/0{64}/, `${'0'.repeat(59)}:a`);
  const what = quoted(acceptRequest(PROVIDER, '@key')).replace('@key', ':r');
  const variables = `\\set a random(${FIRST}, ${FIRST + ACCOUNTS - 1})\n\\set r random(1, 1000000000000000)`;
  return `${variables}\nselect api.accept(${who}, ${what});\n`;
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
    tpcb: (load) => drive({ ...load, url: tpcb.superuser, transaction: tpcbTransaction }),
    accept: (load) => drive({ ...load, url: accounts.authenticator, role: 'submit', transaction: () => [call()] }),
  };
}
