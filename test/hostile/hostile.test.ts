import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnStack, startOwnStack } from '../own-stack.ts';
import { everyQuery, hostile } from './bad-requests.ts';
import { type Case, from, harmlessFrom, type Making, oversized, plausible } from './cases.ts';
import type { Operation } from './document.ts';
import { maySend } from './judge.ts';
import { hintsFor, jobsFor } from './recipes.ts';
import { createRunner, type Runner } from './runner.ts';
import { createWorld, type World } from './world.ts';

/**
 * Every operation of the document that the service itself serves, with requests made of its schemas: bad bodies, ids, queries, headers and
 * methods, from everybody. A new operation is tried without a word here; `recipes.ts` says what a schema cannot.
 *
 *   FUZZ_RUNS=20 npx vitest run --project stack test/hostile      a long search: batches per operation, 1 unless given; half a minute each
 *   FUZZ_SEED=7 …                                                 another one; the same seed asks the same again
 */
const RUNS = Number(process.env.FUZZ_RUNS ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const BATCH = 26;
/** Of each operation behind a credential. */
const LEAST_REFUSED = 20;
const PATIENCE_MS = 60_000 + RUNS * 60_000;

let stack: OwnStack;
let world: World;
let runner: Runner;
let making: Making;
const operations = (): Operation[] => world.service.operations;

beforeAll(async () => {
  stack = await startOwnStack();
  const secrets = JSON.parse(readFileSync(join(stack.running().folder, 'secrets.json'), 'utf8'));
  world = await createWorld(stack, secrets.supabase.signing_key);
  // A long search says at once what it finds.
  runner = createRunner(world, RUNS > 1 ? console.error : undefined);
  const methods = Map.groupBy(operations(), ({ path }) => path);
  const { resolve } = world.service;
  const hints = hintsFor(stack.stack());
  const { body: models } = await stack.api('/v1/models');
  making = {
    resolve,
    hints,
    jobs: jobsFor(models.data, resolve, hints),
    callers: world.callers.map(({ name }) => name),
    methods: new Map([...methods].map(([path, all]) => [path, all.map(({ method }) => method)])),
  };
});
afterAll(() => stack?.end());

/** The same ones for the same seed. */
const some = <T>(values: fc.Arbitrary<T>, count: number): T[] => fc.sample(values, { numRuns: count, seed: SEED });

/** Fails with each thing that was wrong, once, and a case that shows it. */
function noFaults(): void {
  const first = new Map(runner.faults.map((fault) => [`${fault.operation} ${fault.what.slice(0, 50)}`, fault]));
  runner.faults.length = 0;
  const lines = [...first.values()].map(({ operation, what, case: shown }) => `${operation} ${what}\n    ${shown}`);
  if (lines.length > 0) throw new Error(`${lines.length} faults:\n${lines.join('\n')}`);
}

test('who may not is told so, and nothing is written', { timeout: PATIENCE_MS }, async () => {
  const guarded = operations().filter(({ scopes }) => scopes !== null);
  // A role that may not in its organisation may at home: not all of its requests are refused.
  for (const atHome of [false, true]) {
    const cases = guarded.flatMap((operation) =>
      world.callers
        .filter((caller) => !maySend(operation, caller) && (caller.role ?? false) === atHome)
        .flatMap(({ name }) => some(from(operation, making, name, !atHome), 1)),
    );
    expect(cases.length).toBeGreaterThan(guarded.length);
    await runner.refusedWriteNothing(cases);
  }
  noFaults();
});

test('bad requests are refused as problems, and nothing is written', { timeout: PATIENCE_MS }, async () => {
  for (const operation of operations()) {
    const batches = fc.array(hostile(operation, making), { minLength: BATCH, maxLength: BATCH });
    for (const batch of some(batches, RUNS)) await runner.refusedWriteNothing(batch);
    if (RUNS > 1) await runner.refusedWriteNothing(everyQuery(operation, making));
  }
  noFaults();
});

test('bodies that are too large are refused', { timeout: PATIENCE_MS }, async () => {
  const cases = operations()
    .filter(({ body }) => body)
    .flatMap((operation) => some(oversized(operation, making), 1));
  await runner.refusedWriteNothing(cases);
  noFaults();
});

test('everybody who may gets an answer', { timeout: PATIENCE_MS }, async () => {
  const cases = operations().flatMap((operation) =>
    world.callers
      .filter((caller) => maySend(operation, caller))
      .flatMap(({ name }) => some(harmlessFrom(operation, making, name), 1)),
  );
  await runner.runAll(cases);
  noFaults();
});

test('good requests succeed', { timeout: PATIENCE_MS }, async () => {
  const one = (operation: Operation): Promise<void> =>
    succeed(some(plausible(operation, making, { spare: true }), 8 * RUNS));
  // Those that take away come last: what somebody reads meanwhile would not be there.
  const takes = ({ method }: Operation) => method.toLowerCase() === 'delete';
  await Promise.all(
    operations()
      .filter((operation) => !takes(operation))
      .map(one),
  );
  await Promise.all(operations().filter(takes).map(one));
  noFaults();
  const never = operations().filter(({ id }) => !runner.tally.get(id)?.yes);
  expect(never.map(({ id }) => [id, ...(runner.tally.get(id)?.statuses ?? [])])).toEqual([]);
});

/** Until one has, and all of them in a long search. */
async function succeed(cases: Case[]): Promise<void> {
  for (const one of cases) {
    const { answer } = await runner.run(one);
    if (RUNS === 1 && answer.status < 300) return;
  }
}

test('all of that was no empty exercise, kept the books, and led nowhere', { timeout: PATIENCE_MS }, async () => {
  const counts = [...runner.tally.values()];
  const sum = (name: 'yes' | 'no' | 'limited') => counts.reduce((all, one) => all + one[name], 0);
  expect(counts.length).toBe(operations().length);
  const spared = operations().filter(
    ({ id, scopes }) => scopes !== null && (runner.tally.get(id)?.no ?? 0) < LEAST_REFUSED,
  );
  expect(spared).toEqual([]);
  expect(sum('limited')).toBeLessThan(sum('no') / 100);
  await runner.settled();
  const { rows } = await stack
    .pool()
    .query('select id, name, violations from darkroom.invariants() where violations <> 0');
  expect(rows).toEqual([]);
  const { rows: outside } = await stack.pool().query(
    `select url from (select webhook_url as url from darkroom.jobs union all select endpoint_url from darkroom.provider_settings
      union all select additional_config->>'endpoint_url' from darkroom.provider_key_versions) x where url !~ '^http://127\\.0\\.0\\.1:'`,
  );
  expect(outside).toEqual([]);
});
