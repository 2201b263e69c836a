import { sha256Hex } from '../../shared/auth/secrets.ts';
import type { Bench } from '../bench.ts';
import { type AcceptPair, jobBody, startAcceptPair } from '../http/accept-pair.ts';
import { load } from '../http/load.ts';
import type { BenchStack } from '../http/stack.ts';
import type { Workerd } from '../http/workerd.ts';
import type { Ratio, Row } from '../row.ts';
import { compare, interleave } from '../statistics.ts';

const CONNECTIONS = 8;
const ACCOUNTS = 16;

/** `POST /v1/jobs` as it is deployed, against the least that a Worker could do for the same effect. */
export const row: Row = {
  id: 3,
  name: 'accept over HTTP',
  async run(bench) {
    const stack = await bench.stack();
    const keys = await Promise.all(Array.from({ length: ACCOUNTS }, () => makeKey(stack)));
    stack.pauseSweeps();
    await stack.pool().query('update darkroom.provider_api_keys set max_concurrency = 0');
    try {
      const pair = await startAcceptPair(stack, keys[0]?.key as string);
      return [await measure(bench, stack, pair, keys).finally(pair.end)];
    } finally {
      await tidyUp(stack);
    }
  },
};

async function measure(bench: Bench, stack: BenchStack, pair: AcceptPair, keys: Key[]): Promise<Ratio> {
  const sides = sidesOf(pair, keys);
  await sides.against(1);
  await sides.measured(1);
  await stack.pool().query('analyze darkroom.jobs, darkroom.requests, darkroom.parts, darkroom.outbox');
  const seconds = bench.quick ? 1 : 3;
  const cpu = { submit: cpuPerRequest(pair.submit), bare: cpuPerRequest(pair.bare) };
  const { measured, against } = await interleave(bench.quick ? 15 : 21, {
    against: () => cpu.bare.during(() => mustInsert(stack, seconds, sides.against), seconds),
    measured: () => cpu.submit.during(() => mustInsert(stack, seconds, sides.measured), seconds),
  });
  const used = `${cpu.submit.ms().toFixed(2)} ms of CPU a request in its workerd against ${cpu.bare.ms().toFixed(2)}`;
  const note = `${CONNECTIONS} connections, ${ACCOUNTS} accounts; ${used}`;
  return { ...compare(measured, against), unit: '/s', aim: { least: 0.9 }, note };
}

type Key = { key: string; hash: string };

async function makeKey(stack: BenchStack): Promise<Key> {
  const { api_key: key, account_id: id } = await stack.makeAccount({ credits: 10_000_000 });
  await stack
    .pool()
    .query(
      'update darkroom.slots set rate_limit_per_minute = 1000000, max_outstanding = 1000000 where account_id = $1',
      [id],
    );
  return { key, hash: await sha256Hex(key) };
}

type Side = (seconds: number) => Promise<number>;

/** The client sends `submit` a job, and the bare Worker the call that `submit` would make of it. */
function sidesOf({ submit, bare, accept }: AcceptPair, keys: Key[]): { measured: Side; against: Side } {
  let turn = 0;
  const any = () => keys[turn++ % keys.length] as Key;
  const run = (port: number, next: () => { headers: Record<string, string>; body: string }) => (seconds: number) =>
    load({ port, connections: CONNECTIONS, seconds, expect: 202, next: () => ({ path: '/v1/jobs', ...next() }) });
  const json = { 'content-type': 'application/json' };
  const { credential, request } = JSON.parse(accept.body);
  const measured = run(submit.port, () => ({
    headers: { ...json, 'x-api-key': any().key, 'idempotency-key': crypto.randomUUID() },
    body: JSON.stringify(jobBody),
  }));
  const against = run(bare.port, () => ({
    headers: json,
    body: JSON.stringify({
      credential: { ...credential, hash: any().hash },
      request: { ...request, idempotency_key: crypto.randomUUID() },
    }),
  }));
  return { measured, against };
}

/** What a workerd uses for each request: says more than the rate where other programs want the machine as well. */
function cpuPerRequest({ cpuMs }: Workerd) {
  let used = 0;
  let requests = 0;
  const during = async (run: () => Promise<number>, seconds: number) => {
    const before = cpuMs();
    const perSecond = await run();
    used += cpuMs() - before;
    requests += perSecond * seconds;
    return perSecond;
  };
  return { during, ms: () => used / requests };
}

/** The bare Worker answers 202 to whatever the database says: what was counted must be there as jobs. */
async function mustInsert(stack: BenchStack, seconds: number, run: Side): Promise<number> {
  const jobs = async () => Number((await stack.pool().query('select count(*) from darkroom.jobs')).rows[0].count);
  const before = await jobs();
  const perSecond = await run(seconds);
  const made = (await jobs()) - before;
  if (made < perSecond * seconds * 0.8)
    throw new Error(`only ${made} jobs in ${seconds} s at ${perSecond} answers a second`);
  return perSecond;
}

/** What still waits is canceled by the function that ends jobs, or the rows after this one would find thousands in the queue. */
async function tidyUp(stack: BenchStack): Promise<void> {
  await stack.superuser("select count(darkroom.conclude(id, 'canceled')) from darkroom.jobs where finished_at is null");
  await stack.pool().query('update darkroom.provider_api_keys set max_concurrency = 10');
  stack.seams.front.treat(() => 'pass');
}
