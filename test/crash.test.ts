import { describe, expect, test } from 'vitest';
import { waitFor } from './client.ts';
import {
  expectDelivered,
  expectEndedInTime,
  expectSentOnce,
  expectSoundBooks,
  inDoubt,
  statuses,
  untilAllEnded,
  untilEveryState,
} from './crash/checks.ts';
import { fal, KINDS, ofKind, type Placed, placeAll, replicate } from './crash/jobs.ts';
import { type OwnStack, startOwnStack } from './own-stack.ts';
import type { Seen } from './seam.ts';

/** So few slots at Replicate that most of its work is still waiting when the kill comes. */
const REPLICATE_SLOTS = 3;

/** Kills while cancels and submissions are under way; nobody hears their answers. */
async function killAmid(stack: OwnStack, calls: (() => Promise<unknown>)[]): Promise<void> {
  const unheard = calls.map((call) => call());
  await Promise.race(unheard);
  await stack.running().kill();
  await Promise.allSettled(unheard);
}

describe.concurrent('SIGKILL', () => {
  test('of the whole stack amid a hundred jobs in every state: all end in time, are sent once and paid right', async ({
    onTestFinished,
  }) => {
    const stack = await startOwnStack();
    onTestFinished(stack.end);
    const { api, control, pool } = stack;
    const before = stack.stack();
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

    const { api_key: key } = await stack.makeAccount({ credits: 1000 });
    const again = { key, headers: { 'idempotency-key': 'amid' }, body: fal('amid', { deadline_seconds: 10 }) };
    const cancels = ofKind(placed, 'canceled').map((job) => () => act(job, 'cancel'));
    await killAmid(stack, [...cancels, ...Array.from({ length: 5 }, () => () => api('/v1/jobs', again))]);
    await stack.restart();
    const restartedAt = new Date();
    const doubtful = await inDoubt(stack);
    expect(stack.stack()).toEqual({ ...before, user: expect.anything() });

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
