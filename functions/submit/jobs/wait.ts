import type { Credential } from '../../../shared/auth/credential.ts';
import { isTerminal } from '../../../shared/contract/job.ts';
import type { JobRow } from '../../../shared/db/rows.ts';
import type { Deps } from '../deps.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 2_000;
const GROWTH = 1.4;

/** Nothing more will happen by itself: the job has ended, or its preview is held for review. */
export const isSettled = ({ status, preview }: JobRow) =>
  isTerminal(status) || (status === 'preview_ready' && preview === 'hold');

type WaitOptions = { credential: Credential; job: JobRow; seconds: number; signal?: AbortSignal };

/** Asks with growing pauses until the job is settled, the time is over or the client has left; a read that fails is asked again. */
export async function waitForJob(
  { db, sleep, now }: Pick<Deps, 'db' | 'sleep' | 'now'>,
  { credential, job, seconds, signal }: WaitOptions,
): Promise<JobRow> {
  const until = now() + seconds * 1_000;
  let latest = job;
  let delay = FIRST_DELAY_MS;
  while (!isSettled(latest) && now() < until && !signal?.aborted) {
    await sleep(Math.min(delay, until - now()));
    const read = await db.getJob(credential, job.id);
    if (read.ok) latest = read.value;
    delay = Math.min(Math.round(delay * GROWTH), LONGEST_DELAY_MS);
  }
  return latest;
}
