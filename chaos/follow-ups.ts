import { setTimeout as sleep } from 'node:timers/promises';
import { call, isOpen, type Json } from './client.ts';
import { type OperationLog, see } from './operation-log.ts';
import type { FollowUp } from './plan-jobs.ts';
import { clientTarget, submit } from './submit.ts';
import type { World } from './world.ts';

type Change = 'cancel' | 'approve' | 'reject';

/** What a client does with its jobs once it has them. */
export async function followUp(world: World, log: OperationLog, { after, action }: FollowUp): Promise<void> {
  await sleep(after);
  if (action === 'replay') return submit(world, log, 3);
  if (action === 'mismatch') return mismatch(world, log);
  for (const id of log.ids ?? []) {
    if (action === 'look') await look(world, log, id);
    else await change(world, log, id, action);
  }
}

export async function look(world: World, log: OperationLog, id: string): Promise<void> {
  const answer = await call(clientTarget(world), { path: `/v1/jobs/${id}`, apiKey: log.request.apiKey });
  if (answer.status === 200) see(world, log, answer.body);
  else if (answer.status === 404) world.report('lost', 'a job that was accepted is not found', { job: id });
}

/** Cancel is idempotent and approval says when it comes too late: both are asked until answered. */
export async function change(world: World, log: OperationLog, id: string, action: Change): Promise<void> {
  if (action !== 'cancel') await untilHeld(world, log, id);
  const request = { path: `/v1/jobs/${id}/${action}`, method: 'POST', apiKey: log.request.apiKey, body: {} };
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const answer = await call(clientTarget(world), request);
    if (answer.status === 200) return see(world, log, answer.body);
    if (answer.status === 409 && answer.body.code === 'invalid_state') return;
    if (!isOpen(answer)) {
      const { status, body } = answer;
      return world.report('violations', `${action} was refused`, { job: id, status, body });
    }
    await sleep(300 * 2 ** attempt);
  }
}

/** Polls for a held preview for some seconds; a client that sees none decides anyway. */
async function untilHeld(world: World, log: OperationLog, id: string): Promise<void> {
  for (let attempt = 0; attempt < 10 && world.stormy(); attempt += 1) {
    await look(world, log, id);
    const last: Json = log.looks[id]?.at(-1);
    if (last?.status === 'preview_ready' || last?.finished_at) return;
    await sleep(700);
  }
}

/** The same key with another body: refused, and nothing runs. */
async function mismatch(world: World, log: OperationLog): Promise<void> {
  if (log.ids === undefined) return;
  const body = log.request.body as Json;
  const other = body.jobs ? { jobs: [...body.jobs, body.jobs[0]] } : { ...body, end_user: 'somebody else' };
  const { status, body: said } = await call(clientTarget(world), { ...log.request, body: other });
  if (status === 0 || status >= 500 || status === 429 || said.code === 'idempotency_mismatch') return;
  const detail = { operation: log.operation.id, status, code: said.code };
  world.report('violations', '12 another body under a used key was not refused', detail);
}
