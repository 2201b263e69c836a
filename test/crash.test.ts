import { describe, expect, test } from 'vitest';
import { waitFor } from './client.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import type { Seen } from './seam.ts';

/** Jobs of one kind, and how they end; also after a crash, unless that left in doubt what the provider knows. */
type Kind = { times: number; ends: string; body: object };

/** Work that a kill leaves in doubt is never sent again; it ends here at the latest. */
const DEADLINE_SECONDS = 40;
const GRACE_SECONDS = 30;
/** For the sweep to come by, and what it does then. */
const SLACK_SECONDS = 6;
/** So few slots at Replicate that most of its work is still waiting when the kill comes. */
const REPLICATE_SLOTS = 3;

const replicate = (prompt: string, more: object = {}) => ({
  model: 'flux-dev',
  input: { prompt },
  routing: { allow_fallbacks: false },
  deadline_seconds: DEADLINE_SECONDS,
  ...more,
});
const fal = (prompt: string, more: object = {}) => replicate(prompt, { model: 'fal-ai/flux/dev', ...more });

const KINDS: Record<string, Kind> = {
  waiting: { times: 14, ends: 'completed', body: replicate('#slow=3 waiting', { deadline_seconds: 60 }) },
  running: { times: 12, ends: 'completed', body: fal('#slow=6 running') },
  quick: { times: 8, ends: 'completed', body: fal('quick') },
  parts: { times: 2, ends: 'completed', body: fal('#slow=4 parts', { count: 6 }) },
  held: { times: 6, ends: 'completed', body: fal('held #slow=3', { preview: 'hold' }) },
  previewed: { times: 4, ends: 'completed', body: fal('previewed #slow=4', { preview: true }) },
  canceled: { times: 6, ends: 'canceled', body: fal('canceled #slow=15') },
  unheard: { times: 4, ends: 'expired', body: fal('unheard', { deadline_seconds: 8 }) },
  quiet: { times: 8, ends: 'completed', body: fal('quiet #nohook #slow=3') },
  lost: { times: 6, ends: 'completed', body: fal('lost #lost #slow=3') },
  silent: { times: 4, ends: 'expired', body: fal('silent #lost-silent', { deadline_seconds: 6 }) },
  hanging: { times: 4, ends: 'expired', body: fal('hanging #hang', { deadline_seconds: 6 }) },
  failing: { times: 8, ends: 'failed', body: fal('failing #fail #slow=3') },
  refused: { times: 4, ends: 'failed', body: fal('refused #500', { deadline_seconds: 20 }) },
  echoing: { times: 6, ends: 'completed', body: fal('echoing #dup=5 #slow=3') },
  forged: { times: 4, ends: 'completed', body: fal('forged #badsig #slow=3') },
};

type Placed = { id: string; kind: string; key: string; box?: ReturnType<OwnStack['inbox']> };

/** One account for each kind; the first two jobs of a kind have a webhook whose first try fails. */
async function placeAll({ api, makeAccount, inbox }: OwnStack): Promise<Placed[]> {
  const kinds = Object.entries(KINDS).map(async ([kind, { times, body }]) => {
    const { api_key: key } = await makeAccount({ credits: 20_000 });
    const place = async (_: unknown, index: number): Promise<Placed> => {
      const box = index < 2 ? inbox() : undefined;
      await box?.answer({ status: 503, times: 1 });
      const answer = await api('/v1/jobs', { key, body: { ...body, webhook_url: box?.url } });
      expect(answer).toMatchObject({ status: 202 });
      return { id: answer.body.id, kind, key, box };
    };
    return Promise.all(Array.from({ length: times }, place));
  });
  return (await Promise.all(kinds)).flat();
}

const ofKind = (placed: Placed[], kind: string) => placed.filter((one) => one.kind === kind);

async function statuses({ pool }: OwnStack, table: 'jobs' | 'attempts' | 'deliveries'): Promise<string[]> {
  const { rows } = await pool().query<{ status: string }>(`select distinct status from darkroom.${table}`);
  return rows.map(({ status }) => status);
}

/** The kill comes when there is something of everything. */
async function untilEveryState(stack: OwnStack): Promise<void> {
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

/** Kills while cancels and submissions are under way; nobody hears their answers. */
async function killAmid(stack: OwnStack, calls: (() => Promise<unknown>)[]): Promise<void> {
  const unheard = calls.map((call) => call());
  await Promise.race(unheard);
  await stack.running().kill();
  await Promise.allSettled(unheard);
}

/** Jobs of which the crash left open whether the provider has them, or whose result somebody had begun to store. */
async function inDoubt({ pool }: OwnStack): Promise<Set<string>> {
  const { rows } = await pool().query<{ job_id: string }>(
    `select job_id from darkroom.attempts where finished_at is null
        and (status in ('starting', 'submission_unknown') or storing_until is not null)`,
  );
  return new Set(rows.map((row) => row.job_id));
}

/** Asks the database: after a crash there may be nobody else to ask for a while. */
async function untilAllEnded({ pool }: OwnStack): Promise<void> {
  const open = () => pool().query('select id from darkroom.jobs where finished_at is null');
  await waitFor(async () => (await open()).rowCount === 0, 80_000);
}

async function expectEndedInTime({ pool }: OwnStack, restartedAt: Date): Promise<void> {
  const { rows } = await pool().query(
    `select id, status, finished_at, deadline_at from darkroom.jobs
      where finished_at > greatest(deadline_at, $1) + make_interval(secs => $2)`,
    [restartedAt, GRACE_SECONDS + SLACK_SECONDS],
  );
  expect(rows).toEqual([]);
}

/** Every submission that the emulated providers accepted is some attempt's, and its only one. */
async function expectSentOnce({ stack, pool }: OwnStack): Promise<void> {
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

async function expectDelivered(stack: OwnStack, placed: Placed[]): Promise<void> {
  await waitFor(async () => !(await statuses(stack, 'deliveries')).includes('pending'), 20_000);
  for (const { id, key, box } of placed) {
    if (box === undefined) continue;
    const { status } = (await stack.api(`/v1/jobs/${id}`, { key })).body;
    const events = (await box.messages()).map(({ body }) => JSON.parse(body).type);
    expect(events).toContain(`job.${status}`);
  }
}

async function expectSoundBooks({ pool }: OwnStack): Promise<void> {
  const broken = await pool().query('select id, name, violations from darkroom.invariants() where violations <> 0');
  expect(broken.rows).toEqual([]);
  const unsound = await pool().query(
    'select * from darkroom.slots where held <> 0 or outstanding <> 0 or available + spent + granted <> 0',
  );
  expect(unsound.rows).toEqual([]);
}

describe.concurrent('SIGKILL', () => {
  test('of the whole stack amid a hundred jobs in every state: all end in time, are sent once and paid right', async ({
    onTestFinished,
  }) => {
    const stack = await startOwnStack();
    onTestFinished(stack.end);
    const { api, control, pool } = stack;
    await pool().query(
      'update darkroom.provider_api_keys set max_concurrency = case provider_name when $1 then $2 else 500 end',
      ['replicate', REPLICATE_SLOTS],
    );
    await control('fal', { fault: 'timeout', match: { prompt: 'unheard' } });
    const placed = await placeAll(stack);
    const act = ({ id, key }: Placed, action: string) => api(`/v1/jobs/${id}/${action}`, { method: 'POST', key });
    const held = ofKind(placed, 'held');
    await Promise.all(held.map(({ id, key }) => stack.untilEnded(id, { key, status: 'preview_ready' })));
    for (const job of held.slice(0, 2)) await act(job, 'approve');
    await untilEveryState(stack);

    const again = {
      ...ofKind(placed, 'quick')[0],
      headers: { 'idempotency-key': 'amid' },
      body: fal('amid', { deadline_seconds: 10 }),
    };
    const cancels = ofKind(placed, 'canceled').map((job) => () => act(job, 'cancel'));
    await killAmid(stack, [...cancels, ...Array.from({ length: 5 }, () => () => api('/v1/jobs', again))]);
    await stack.restart();
    const restartedAt = new Date();
    const doubtful = await inDoubt(stack);

    expect((await api('/v1/jobs', again)).status).toBe(202);
    for (const job of held.slice(2, 4)) await act(job, 'approve');
    for (const job of held.slice(4)) await act(job, 'reject');
    await untilAllEnded(stack);
    await expectEndedInTime(stack, restartedAt);
    await expectSentOnce(stack);
    await expectDelivered(stack, placed);
    await expectSoundBooks(stack);
    const { rows } = await pool().query<{ id: string; status: string }>('select id, status from darkroom.jobs');
    const rejected = held.slice(4).map(({ id }) => id);
    const wrong = rows.flatMap(({ id, status }) => {
      const kind = placed.find((job) => job.id === id)?.kind ?? 'amid';
      const ends = rejected.includes(id) ? 'canceled' : (KINDS[kind]?.ends ?? 'completed');
      const late = doubtful.has(id) || ['amid', 'refused'].includes(kind);
      const allowed = [ends, late && 'expired', kind === 'canceled' && 'completed'];
      return allowed.includes(status) ? [] : [{ id, kind, status }];
    });
    expect(wrong).toEqual([]);
    expect(rows.filter(({ status }) => status === 'completed').length).toBeGreaterThan(40);
    expect(rows).toHaveLength(placed.length + 1);
  }, 180_000);

  test('of a Worker between `starting` and the provider’s answer, nobody ever sends it again', async ({
    onTestFinished,
  }) => {
    const stack = await startOwnStack({ seams: ['replicate'] });
    onTestFinished(stack.end);
    const seam = stack.seams.replicate;
    const isSubmission = ({ method, path }: Seen) => method === 'POST' && path.endsWith('/predictions');
    seam.treat((seen) => {
      if (!isSubmission(seen)) return 'pass';
      return seen.body.includes('never arrives') ? 'held' : 'deaf';
    });
    const { api_key: key } = await stack.makeAccount({ credits: 1000 });
    const submit = async (prompt: string, deadline: number) =>
      (await stack.api('/v1/jobs', { key, body: replicate(prompt, { deadline_seconds: deadline }) })).body.id as string;
    const heard = await submit('arrives #slow=4', 60);
    const silent = await submit('arrives #nohook', 5);
    const unheard = await submit('never arrives', 5);
    await waitFor(async () => seam.seen.filter(isSubmission).length === 3);
    expect(await statuses(stack, 'attempts')).toEqual(['starting']);
    stack.running().killWorkers();
    await untilAllEnded(stack);
    const read = async (id: string) => (await stack.api(`/v1/jobs/${id}`, { key })).body;
    const [completed, ...expired] = await Promise.all([heard, silent, unheard].map(read));
    expect(completed).toMatchObject({ status: 'completed', attempts: [{ status: 'succeeded' }] });
    for (const job of expired) {
      expect(job).toMatchObject({ status: 'expired', credits: { held: 0, charged: 0 }, attempts: { length: 1 } });
    }
    expect(seam.seen.filter(isSubmission)).toHaveLength(3);
    await expectSoundBooks(stack);
  }, 120_000);
});
