import { expect } from 'vitest';
import { waitFor } from '../client.ts';
import type { OwnStack } from '../own-stack.ts';
import type { Placed } from './jobs.ts';

const GRACE_SECONDS = 30;
/** For sweeps to come by and to do what they find: right after a start there is much, on a machine that is busy with starting. */
const SLACK_SECONDS = 20;

export async function statuses({ pool }: OwnStack, table: 'jobs' | 'attempts' | 'deliveries'): Promise<string[]> {
  const { rows } = await pool().query<{ status: string }>(`select distinct status from darkroom.${table}`);
  return rows.map(({ status }) => status);
}

/** The kill comes when there is something of everything. */
export async function untilEveryState(stack: OwnStack): Promise<void> {
  const wanted = {
    jobs: ['queued', 'processing', 'preview_ready', 'generating_final', 'completed', 'failed'],
    attempts: ['starting', 'submitted', 'submission_unknown', 'succeeded'],
    deliveries: ['pending'],
  };
  const missing = async () => {
    const lists = Object.entries(wanted).map(async ([table, all]) => {
      const seen = await statuses(stack, table as keyof typeof wanted);
      return all.filter((status) => !seen.includes(status)).map((status) => `${table} ${status}`);
    });
    return (await Promise.all(lists)).flat();
  };
  await waitFor(async () => (await missing()).length === 0).catch(async (cause) => {
    throw new Error(`Never at once: ${await missing()}`, { cause });
  });
}

/** Jobs of which the crash left open whether the provider has them, or whose result somebody had begun to store. */
export async function inDoubt({ pool }: OwnStack): Promise<Set<string>> {
  const { rows } = await pool().query<{ job_id: string }>(
    `select job_id from darkroom.attempts where finished_at is null
        and (status in ('starting', 'submission_unknown') or storing_until is not null)`,
  );
  return new Set(rows.map((row) => row.job_id));
}

/** Asks the database: after a crash there may be nobody else to ask for a while. */
export async function untilAllEnded({ pool }: OwnStack): Promise<void> {
  const open = () => pool().query('select id from darkroom.jobs where finished_at is null');
  await waitFor(async () => (await open()).rowCount === 0, 80_000);
}

export async function expectEndedInTime({ pool }: OwnStack, restartedAt: Date): Promise<void> {
  const { rows } = await pool().query(
    `select id, status, finished_at, deadline_at from darkroom.jobs
      where finished_at > greatest(deadline_at, $1) + make_interval(secs => $2)`,
    [restartedAt, GRACE_SECONDS + SLACK_SECONDS],
  );
  expect(rows).toEqual([]);
}

/** Every submission that the emulated providers accepted is some attempt's, and its only one. */
export async function expectSentOnce({ stack, pool }: OwnStack): Promise<void> {
  const lists = ['replicate', 'fal'].map(async (name) => {
    const answer = await fetch(`${stack().emulators[name]}/__requests`);
    return ((await answer.json()) as { data: { webhook: string }[] }).data;
  });
  const sent = (await Promise.all(lists)).flat().map(({ webhook }) => /att_[0-9a-f]{32}/.exec(webhook)?.[0] ?? webhook);
  const { rows } = await pool().query<{ id: string }>('select id from darkroom.attempts');
  const attempts = new Set(rows.map(({ id }) => id));
  expect(sent.length).toBeGreaterThan(50);
  expect(sent.filter((id, index) => sent.indexOf(id) !== index)).toEqual([]);
  expect(sent.filter((id) => !attempts.has(id))).toEqual([]);
}

/** Every webhook has arrived, or its next try has a time: one that was under way when the kill came waits for its lease to end. */
export async function expectDelivered({ pool }: OwnStack, placed: Placed[]): Promise<void> {
  const { rows } = await pool().query<{ job_id: string; status: string; event: string; overdue: boolean }>(
    `select job_id, status, event, due_at is null or due_at < now() - interval '15 seconds' as overdue from darkroom.deliveries`,
  );
  expect(rows.filter(({ status, overdue }) => status === 'pending' && overdue)).toEqual([]);
  const delivered = rows.filter(({ status }) => status === 'delivered');
  expect(delivered.length).toBeGreaterThan(placed.filter(({ box }) => box).length / 2);
  for (const { job_id: id, event } of delivered) {
    const messages = (await placed.find((job) => job.id === id)?.box?.messages()) ?? [];
    expect(messages.map(({ body }) => JSON.parse(body).type)).toContain(event);
  }
}

export async function expectSoundBooks({ pool }: OwnStack): Promise<void> {
  const broken = await pool().query('select id, name, violations from darkroom.invariants() where violations <> 0');
  expect(broken.rows).toEqual([]);
  const unsound = await pool().query(
    'select * from darkroom.slots where held <> 0 or outstanding <> 0 or available + spent + granted <> 0',
  );
  expect(unsound.rows).toEqual([]);
}
