import { setTimeout as sleep } from 'node:timers/promises';
import { ensureRunning } from './crash.ts';
import { control } from './faults/fault.ts';
import { change } from './follow-ups.ts';
import { checkInvariants } from './oracle/invariants.ts';
import { countOpen, type Open, overdueJobs, secondsToGo } from './oracle/liveness.ts';
import { askAgain } from './workload.ts';
import type { World } from './world.ts';

/** Real seconds that everything has which nothing hinders any more. */
const REAL_SECONDS = 10;
/** Sweeps come every second: if two change nothing, nothing will change before its time. */
const QUIET_MS = 2_600;
/** So long nobody may fail to notice what is over; a machine may be slow. */
const OVERDUE_SECONDS = 20;
/** Deadlines, then their grace, then routes' longest runs, then partners' retries; some of it twice. */
const MOST_JUMPS = 10;

/** Ends all faults and waits until nothing is open. */
export async function heal(world: World, clients: Promise<void>): Promise<void> {
  await endFaults(world);
  await clients;
  world.log(`  clients are done at ${world.elapsed()} ms`);
  await askAgain(world);
  await decideHeld(world);
  world.log(`  all is asked and decided at ${world.elapsed()} ms`);
  await settle(world, 0, REAL_SECONDS);
  for (let jump = 0; jump < MOST_JUMPS; jump += 1) {
    const open = await countOpen(world);
    if (open !== undefined && sum(open) === 0) break;
    const ahead = await secondsToGo(world);
    world.log(`  open: ${JSON.stringify(open)}; the clock goes ${ahead} s ahead`);
    await control(world, 'supabase', { clock_offset: `${ahead} seconds` });
    await settle(world, ahead, 0);
    await decideHeld(world);
  }
}

async function endFaults(world: World): Promise<void> {
  await ensureRunning(world);
  for (const seam of Object.values(world.seams)) seam.heal();
  await control(world, 'supabase', { fault: null, clock_offset: null });
  for (const emulator of ['replicate', 'fal', 'cloudinary', 'qstash']) await control(world, emulator, { fault: null });
}

/** Polls until nothing is open, or nothing has changed for a while. What is overdue then, nobody looks after. */
async function settle(world: World, aheadSeconds: number, leastSeconds: number): Promise<void> {
  const began = Date.now();
  let last = { open: Number.NaN, at: began };
  for (;;) {
    await checkInvariants(world);
    const open = await openNow(world);
    if (open === 0) return;
    if (open !== last.open) last = { open, at: Date.now() };
    const overdue = await overdueJobs(world, aheadSeconds);
    const seconds = (Date.now() - began) / 1000;
    const quiet = seconds >= leastSeconds && Date.now() - last.at > QUIET_MS;
    if (quiet && overdue.length === 0) return;
    if (seconds > OVERDUE_SECONDS && quiet) {
      for (const job of overdue) world.report('stuck', '19 a job is open beyond its deadline and grace', job);
      return;
    }
    await sleep(400);
  }
}

const sum = ({ jobs, attempts, deliveries, parts }: Open) => jobs + attempts + deliveries + parts;

async function openNow(world: World): Promise<number> {
  const open = await countOpen(world);
  return open === undefined ? Number.POSITIVE_INFINITY : sum(open);
}

/** Held previews whose client went away without deciding. */
async function decideHeld(world: World): Promise<void> {
  const rows = await world.look.ask<{ id: string }>("select id from darkroom.jobs where status = 'preview_ready'");
  for (const { id } of rows ?? []) {
    const log = world.operations.find(({ ids }) => ids?.includes(id));
    if (log !== undefined) await change(world, log, id, log.operation.id % 2 === 0 ? 'approve' : 'reject');
  }
}
