import type { World } from '../world.ts';

/** Sweeps come every second. */
const SLACK_SECONDS = 5;

export type Open = { jobs: number; attempts: number; deliveries: number; parts: number };

/** What has not come to its end; undefined if the database could not be asked. */
export async function countOpen({ look }: World): Promise<Open | undefined> {
  const rows = await look.ask<Open>(
    `select (select count(*) from darkroom.jobs where finished_at is null) as jobs,
       (select count(*) from darkroom.attempts where applied_at is null) as attempts,
       (select count(*) from darkroom.deliveries where status = 'pending') as deliveries,
       (select count(*) from darkroom.parts where status in ('waiting', 'parked', 'running')) as parts`,
  );
  return rows?.[0];
}

/** How far the clock must go for everything that is open to have its time: what waits longest decides. */
export async function secondsToGo({ look }: World): Promise<number> {
  const rows = await look.ask<{ seconds: number }>(
    `select ceil(extract(epoch from max(x.at) - now()))::int + 2 as seconds from (
       select greatest(deadline_at, expiring_until, held_until) as at from darkroom.jobs where finished_at is null
       union all select greatest(a.lost_at, a.next_check_at) from darkroom.attempts a where a.applied_at is null
       union all select due_at from darkroom.deliveries where status = 'pending') x`,
  );
  return Math.max(1, rows?.[0]?.seconds ?? 1);
}

/** 19: jobs whose deadline, grace or time of holding is over by the database's clock, which is ahead by so much, and nobody has noticed. */
export async function overdueJobs({ look }: World, aheadSeconds: number): Promise<{ id: string; status: string }[]> {
  const rows = await look.ask<{ id: string; status: string }>(
    `select id, status from darkroom.jobs where finished_at is null
        and coalesce(expiring_until, held_until, deadline_at) < now() + make_interval(secs => $1::int - $2::int)`,
    [aheadSeconds, SLACK_SECONDS],
  );
  return rows ?? [];
}

/** At the very end nothing at all may be open. */
export async function checkEverythingEnded({ look, report }: World): Promise<void> {
  const jobs = await look.must('select id, status, deadline_at from darkroom.jobs where finished_at is null');
  for (const row of jobs) report('stuck', 'a job has not ended', row);
  const attempts = await look.must(
    'select id, status, job_id, next_check_at from darkroom.attempts where applied_at is null',
  );
  for (const row of attempts) report('violations', 'an attempt has not ended', row);
  const parts = await look.must(
    "select id, job_id, status from darkroom.parts where status in ('waiting', 'parked', 'running')",
  );
  for (const row of parts) report('violations', 'a part has not ended', row);
  const deliveries = await look.must(
    "select id, job_id, tries, due_at from darkroom.deliveries where status = 'pending'",
  );
  for (const row of deliveries) report('violations', '20 a delivery has not ended', row);
}
