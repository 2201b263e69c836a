import { isTerminal } from '../../../shared/contract/job.ts';
import { jobFromRow } from '../../../shared/contract/job-from-row.ts';
import type { JobRow } from '../../../shared/db/rows.ts';
import type { JobEventRow, JobEvents } from '../../../shared/db/submit.ts';
import { frame, HEARTBEAT } from '../../../shared/http/sse.ts';
import type { Deps } from '../deps.ts';

const SHORTEST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 2_000;
const HEARTBEAT_MS = 15_000;
/** A Worker may make so many subrequests for one request; a client that is cut off comes back with its Last-Event-ID. */
const MAX_POLLS = 400;

type StreamOptions = {
  /** What the first look showed. */
  first: JobEvents;
  token: string;
  /** Aborted when the client has left. */
  signal: AbortSignal;
};

type StreamDeps = Pick<Deps, 'db' | 'sleep' | 'now' | 'settings'>;

/**
 * The events of a job as frames until it has ended: `status` with every change of state, `progress`, `output` for each asset that
 * becomes visible, `done` with the whole job. The id of an event is the job's version, so that a reconnect goes on where it was.
 */
export async function* jobStream(
  { db, sleep, now, settings }: StreamDeps,
  { first, token, signal }: StreamOptions,
): AsyncGenerator<string> {
  const changes = createChanges(settings.origin);
  let seen = first;
  let delay = SHORTEST_DELAY_MS;
  let lastFrameAt = now();
  for (let polls = 0; polls < MAX_POLLS && !signal.aborted; polls++) {
    const frames = changes(seen);
    yield* frames;
    if (isTerminal(seen.job.status)) return;
    delay = frames.length > 0 ? SHORTEST_DELAY_MS : Math.min(delay * 1.5, LONGEST_DELAY_MS);
    if (frames.length > 0) lastFrameAt = now();
    await sleep(delay);
    if (now() - lastFrameAt >= HEARTBEAT_MS) {
      yield HEARTBEAT;
      lastFrameAt = now();
    }
    const next = await db.jobEvents(seen.job.id, token, seen.job.version);
    if (!next.ok && next.refusal.code === 'not_found') return;
    seen = next.ok ? next.value : { job: seen.job, events: [] };
  }
}

/** Turns each look at a job into what is new since the one before. */
function createChanges(origin: string): (seen: JobEvents) => string[] {
  const shown = new Set<string>();
  let progress = '';
  return ({ job, events }) => {
    const frames = events.map((event) => statusFrame(event, job));
    const now = progressOf(job);
    if (JSON.stringify(now) !== progress && !isTerminal(job.status))
      frames.push(frame({ event: 'progress', data: now }));
    progress = JSON.stringify(now);
    for (const output of job.outputs) {
      if (!shown.has(output.id)) frames.push(frame({ event: 'output', data: output }));
      shown.add(output.id);
    }
    if (isTerminal(job.status)) frames.push(frame({ event: 'done', data: jobFromRow(job, origin), id: job.version }));
    return frames;
  };
}

/** The last version gets its id from `done` only: whoever has seen that id has seen everything. */
function statusFrame({ version, type, from, status, at }: JobEventRow, job: JobRow): string {
  const last = isTerminal(job.status) && version === job.version;
  return frame({ event: 'status', data: { type, from, status, version, at }, ...(!last && { id: version }) });
}

const progressOf = ({ progress, queue_position, eta_seconds }: JobRow) => ({ progress, queue_position, eta_seconds });
