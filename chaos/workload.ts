import { setTimeout as sleep } from 'node:timers/promises';
import { grant } from './accounts.ts';
import { followUp } from './follow-ups.ts';
import { isKnown, type OperationLog } from './operation-log.ts';
import type { Operation } from './plan-jobs.ts';
import { clientTarget, requestOf, submit } from './submit.ts';
import type { World } from './world.ts';

const TRIES = 5;
/** What comes on top where credits ran out. */
const TOP_UP = 500;

/** Runs all operations, each at its time; resolves when every client is done. */
export async function runWorkload(world: World): Promise<void> {
  await Promise.all(
    world.plan.operations.map(async (operation) => {
      await sleep(Math.max(0, operation.at - world.elapsed()));
      await runOperation(world, operation);
    }),
  );
}

async function runOperation(world: World, operation: Operation): Promise<void> {
  const log: OperationLog = { operation, request: requestOf(world, operation), answers: [], looks: {} };
  world.operations.push(log);
  const copies = Array.from({ length: operation.copies }, () => submit(world, log, operation.keyed ? TRIES : 1));
  await Promise.all(copies);
  if (log.refusal === 'insufficient_credits' && operation.keyed && operation.id % 3 === 0) await topUp(world, log);
  await Promise.all(operation.followUps.map((next) => followUp(world, log, next)));
}

/** Credits come, but under the old key the refusal stands. */
async function topUp(world: World, log: OperationLog): Promise<void> {
  const account = world.accounts[log.operation.account];
  if (account === undefined) return;
  await grant({ target: clientTarget(world), adminKey: world.stack.file().admin_api_key }, account, TOP_UP);
  await submit(world, log, TRIES);
}

/** After the healing: whoever was never answered asks again, until it is. A limit that is reached is an answer by then. */
export async function askAgain(world: World): Promise<void> {
  const open = world.operations.filter((log) => log.operation.keyed && !isKnown(log));
  await Promise.all(open.map((log) => submit(world, log, 2)));
  for (const log of open.filter((one) => !isKnown(one))) {
    const last = log.answers.at(-1);
    if (last?.status === 429) log.refusal = String(last.body.code);
    else
      world.report('violations', 'a client was never answered', { operation: log.operation.id, status: last?.status });
  }
}
