import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccounts } from './accounts.ts';
import { lookInto } from './database.ts';
import { collectEvidence } from './evidence.ts';
import { heal } from './heal.ts';
import { judge } from './oracle/judge.ts';
import type { Plan } from './plan.ts';
import { resultOf, type Verdict } from './result.ts';
import { closeSeams, connectSeams, openSeams, seamEnvironment } from './seams.ts';
import { createStack, type Stack } from './stack.ts';
import { runStorm } from './storm.ts';
import { clientTarget } from './submit.ts';
import { createFindings, type World } from './world.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

type Options = { log: (line: string) => void; keepState?: boolean };

/** One run of a plan on a stack of its own, from the first request to the verdict. */
export async function simulate(plan: Plan, { log, keepState = false }: Options): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-chaos-'));
  const seams = await openSeams();
  const stack: Stack = createStack({
    folder,
    seams: seamEnvironment(seams),
    log,
    onAddresses: (file) => connectSeams(seams, file),
  });
  const giveUp = () => void stack.kill().finally(() => process.exit(130));
  for (const signal of SIGNALS) process.once(signal, giveUp);
  try {
    const world = await openWorld(plan, { seams, stack, log });
    try {
      log(
        `Seed ${plan.seed}: ${plan.operations.length} operations, ${plan.faults.length} faults, ${plan.stormMs} ms of storm`,
      );
      const { clients } = await runStorm(world);
      log(`Healing at ${world.elapsed()} ms`);
      await heal({ ...world, stormy: () => false }, clients);
      log(`Settled at ${world.elapsed()} ms`);
      await judge(world, folder);
      log(`Judged at ${world.elapsed()} ms`);
      return await resultOf(world);
    } finally {
      await world.look.close();
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, giveUp);
    await stack.stop();
    await closeSeams(seams);
    if (keepState) log(`State: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function openWorld(plan: Plan, { seams, stack, log }: Pick<World, 'seams' | 'stack' | 'log'>): Promise<World> {
  const file = await stack.start();
  const look = lookInto(file.database_url);
  const findings = createFindings(log);
  const target = clientTarget({ seams });
  const accounts = await openAccounts({ look, target, adminKey: file.admin_api_key }, plan.accounts);
  // Lost submissions keep their slot until the route's longest run is over: room for them, and for the others.
  await look.must('update darkroom.provider_api_keys set max_concurrency = 1000');
  const evidence = collectEvidence(seams, { look, ...findings });
  const began = performance.now();
  const elapsed = () => Math.round(performance.now() - began);
  return {
    plan,
    stack,
    seams,
    look,
    accounts,
    operations: [],
    evidence,
    ...findings,
    log,
    elapsed,
    ...startStorm(plan, elapsed),
  };
}

function startStorm({ stormMs }: Plan, elapsed: World['elapsed']): Pick<World, 'stormy' | 'prolong' | 'outage'> {
  let endsAt = stormMs;
  let outages = 0;
  const prolong = (ms: number) => {
    endsAt += ms;
  };
  const outage: World['outage'] = async (plannedMs, recover) => {
    const since = elapsed();
    outages += 1;
    await recover().finally(() => {
      outages -= 1;
      prolong(Math.max(0, elapsed() - since - plannedMs));
    });
  };
  return { stormy: () => outages > 0 || elapsed() < endsAt, prolong, outage };
}
