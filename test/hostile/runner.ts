import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachLimited } from '../../shared/async/each-limited.ts';
import type { Caller } from './callers.ts';
import { type Case, wireOf } from './cases.ts';
import { changed, fingerprint } from './fingerprint.ts';
import { faultsOf } from './judge.ts';
import { type Received, type Sent, send } from './send.ts';
import { resolveTokens } from './tokens.ts';
import type { World } from './world.ts';

/** How often an operation said yes and no. */
export type Tally = Map<string, { yes: number; no: number; limited: number; statuses: Map<number, number> }>;
/** What was wrong, and with which case. */
export type Fault = { what: string; operation: string; case: string };
export type Run = { one: Case; answer: Received };
export type Runner = ReturnType<typeof createRunner>;

const AT_ONCE = 12;
/** Answers that an accepted job or a sent message still works on. */
const BUSY = `select (select count(*) from darkroom.jobs where finished_at is null and status <> 'preview_ready')
  + (select count(*) from darkroom.deliveries where status = 'pending') + (select count(*) from darkroom.outbox) as left`;

/** Sends cases, and keeps what was wrong with the answers. */
export function createRunner(world: World, onFault: (fault: Fault) => void = () => {}) {
  const tally: Tally = new Map();
  const faults: Fault[] = [];
  const blamed = (what: string, one: Case, seen = '') => {
    const fault = { what, operation: one.operation.id, case: `${describe(one)}: ${seen}` };
    faults.push(fault);
    onFault(fault);
  };

  async function prepare(one: Case, caller: Caller): Promise<Sent> {
    const resolve = (text: string) =>
      resolveTokens(text.replaceAll('{{fresh}}', randomUUID()), (whose, kind) => world.idOf(caller, whose, kind));
    const wire = one.body && wireOf(one.body);
    // Only bodies that can hold tokens are looked through: large and broken ones stay as they are.
    const body =
      wire &&
      (wire.bytes.includes('{{') ? Buffer.from(await resolve(wire.bytes.toString('latin1')), 'latin1') : wire.bytes);
    const headers = JSON.parse(await resolve(JSON.stringify(one.headers)));
    const typed: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
    const query = one.query ? `?${await resolve(one.query)}` : '';
    return {
      method: one.method,
      path: (await resolve(one.path)) + query,
      headers: { ...typed, ...caller.headers, ...headers },
      body,
    };
  }

  async function run(one: Case): Promise<Run> {
    const caller = world.caller(one.caller);
    const sent = await prepare(one, caller);
    const { origin } = world.service;
    const answer = await send(origin, sent).catch((error): Received => {
      return { status: 0, headers: {}, text: `${error}` };
    });
    count(tally, one, answer);
    const wrong = answer.status === 0 ? [`is broken off: ${answer.text}`] : [];
    for (const what of [...wrong, ...faultsOf({ one, caller, sent, answer, owners: world.owners, origin })])
      blamed(what, one, shorten(sent));
    return { one, answer };
  }

  async function runAll(cases: Case[]): Promise<Run[]> {
    const runs: Run[] = [];
    await eachLimited(cases, { limit: AT_ONCE }, async (one) => {
      runs.push(await run(one));
    });
    return runs;
  }

  /** Until nothing of what was accepted is under way. */
  async function settled(): Promise<void> {
    for (let tries = 0; tries < 1800; tries++) {
      const { rows } = await world.pool().query(BUSY);
      if (Number(rows[0].left) === 0) return;
      await sleep(50);
    }
    throw new Error('Accepted work did not end');
  }

  /** What was refused, and what only reads, must leave every row as it is. If something else got through, these are sent again alone. */
  async function refusedWriteNothing(cases: Case[]): Promise<void> {
    const before = await fingerprint(world.pool());
    const runs = await runAll(cases);
    const refused = runs.filter((run) => !accepted(run)).map(({ one }) => one);
    if (refused.length === cases.length && changed(before, await fingerprint(world.pool())).length === 0) return;
    await settled();
    await blame(refused);
  }

  /** Halves what is suspected, as long as something changes; without what is accepted this time, which may change what it likes. */
  async function blame(cases: Case[]): Promise<void> {
    if (cases.length === 0) return;
    const before = await fingerprint(world.pool());
    const runs = await runAll(cases);
    await settled();
    const tables = changed(before, await fingerprint(world.pool()));
    if (tables.length === 0) return;
    const suspects = runs.filter((run) => !accepted(run)).map(({ one }) => one);
    if (suspects.length < cases.length) return blame(suspects);
    if (cases.length > 1) {
      const half = Math.ceil(cases.length / 2);
      await blame(cases.slice(0, half));
      return blame(cases.slice(half));
    }
    const [{ one, answer }] = runs as [Run];
    blamed(`answers ${answer.status} and changes ${tables}`, one);
  }

  return { run, runAll, settled, refusedWriteNothing, tally, faults };
}

/** It may have written something. */
const accepted = ({ one, answer }: Run) => answer.status < 400 && one.method !== 'GET';

function count(tally: Tally, { operation, method }: Case, { status }: Received): void {
  const counts = tally.get(operation.id) ?? { yes: 0, no: 0, limited: 0, statuses: new Map() };
  tally.set(operation.id, counts);
  if (method !== operation.method) return;
  if (status >= 200 && status < 300) counts.yes++;
  else counts.no++;
  if (status === 429) counts.limited++;
  counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1);
}

export const describe = ({ operation, why, body, path, query, caller }: Case) =>
  `${operation.id} (${why}) by ${caller}: ${path.slice(0, 100)}${query && `?${query.slice(0, 80)}`} ${JSON.stringify(body)?.slice(0, 300) ?? ''}`;

const shorten = ({ method, path, body }: Sent) =>
  `${method} ${path.slice(0, 200)} ${body?.subarray(0, 300).toString() ?? ''}`;
