import { describe, expect, test, vi } from 'vitest';
import type { Due } from '../../shared/db/worker.ts';
import { ok } from '../../shared/errors/result.ts';
import type { Verdict as Said } from '../../shared/providers/types.ts';
import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';
import { runSweep } from './sweep.ts';
import { down, fakeDatabase, fakeWorker, NOW, SIGNING_SECRET, verdictIn, work } from './testing/fakes.ts';

const due = (some: Partial<Due>) =>
  fakeDatabase({
    dueAttempts: async () => ok({ attempts: [], ended: [], cancels: [], lanes: [], assets: [], ...some }),
  });

test('wakes, polls, cancels, announces, then has `callback` sweep', async () => {
  const db = due({
    attempts: [work({ attempt_id: 'att_1' })],
    cancels: [work({ attempt_id: 'att_2' })],
    ended: [{ attempt_id: 'att_3', event: 'succeeded', fence: 1 }],
    lanes: ['a', 'b'],
  });
  const { deps, provider } = fakeWorker({ status: { status: 'pending' } }, { db });
  expect(await runSweep(deps)).toEqual({ polled: 1, canceled: 1, announced: 1, woken: 2, callback: 200, keys: 200 });
  expect(deps.wake).toHaveBeenCalledWith(['a', 'b']);
  expect(provider.status).toHaveBeenCalledOnce();
  expect(provider.cancel).toHaveBeenCalledOnce();
  expect(vi.mocked(deps.post).mock.calls.map(([path]) => path)).toEqual([
    '/internal/callbacks',
    '/internal/callbacks/sweep',
    '/internal/keys/sweep',
  ]);
});

test('has `callback` and `keys` sweep although its own database did not answer, and says so', async () => {
  const { deps } = fakeWorker({}, { db: fakeDatabase({ dueAttempts: down }) });
  await expect(runSweep(deps)).rejects.toThrow('unavailable');
  const message = { id: expect.stringMatching(/^sweep_[0-9a-f]{32}$/), body: {} };
  expect(vi.mocked(deps.post).mock.calls).toEqual([
    ['/internal/callbacks/sweep', message],
    ['/internal/keys/sweep', message],
  ]);
});

test('destroys the assets of deleted jobs, and records those that are gone', async () => {
  const assets = [1, 2].map((n) => ({
    id: `out_${n}`,
    public_id: `user_a/job_b/final/att_c-${n}`,
    kind: 'image' as const,
  }));
  const db = due({ assets });
  const destroy = vi.fn(async () => ({
    deleted: ['user_a/job_b/final/att_c-1'],
    failed: ['user_a/job_b/final/att_c-2'],
  }));
  await runSweep(fakeWorker({}, { db, destroy }).deps);
  expect(destroy).toHaveBeenCalledExactlyOnceWith(assets);
  expect(db.recordDestroyed).toHaveBeenCalledExactlyOnceWith(['out_1']);
});

describe('a poll', () => {
  const poll = async (status: Said, some: Parameters<typeof work>[0] = {}, overrides = {}) => {
    const db = due({ attempts: [work(some)] });
    db.openVerdict.mockImplementation(async () => ok({ work: work(some), leased: true }));
    const fake = fakeWorker({ status }, { db, ...overrides });
    await runSweep(fake.deps);
    return fake;
  };

  test('that finds the end takes the same way as a webhook', async () => {
    const { db, deps } = await poll({ status: 'failed', code: 'failed', message: 'm' });
    expect(db.openVerdict).toHaveBeenCalledExactlyOnceWith('att_1', 'req-1');
    expect(verdictIn(db)).toMatchObject({ event: 'failed' });
    expect(deps.post).toHaveBeenCalledWith('/internal/callbacks', expect.objectContaining({ id: 'cb_att_1_failed' }));
  });

  test('that finds a failure says what else to try, unless the input is at fault', async () => {
    const others = [{ model: 'other', display_name: 'Other', credits: 1, eta_seconds: 1 }];
    const suggesting = { suggestions: () => others };
    const { db } = await poll({ status: 'failed', code: 'failed', message: 'm' }, {}, suggesting);
    expect(verdictIn(db)?.error).toMatchObject({ retryable: true, suggestions: others });
    const { db: refused } = await poll({ status: 'rejected', code: 'moderation', message: 'm' }, {}, suggesting);
    expect(verdictIn(refused)?.error).not.toHaveProperty('suggestions');
  });

  test('of a canceled task is a cancel', async () => {
    const { db } = await poll({ status: 'canceled' }, { cancel_requested: true });
    expect(verdictIn(db)).toEqual({ event: 'canceled', outputs: [] });
  });

  test('that finds it working looks again, ever less often', async () => {
    const waits = async (checks: number) => {
      const { db } = await poll({ status: 'pending' }, { checks });
      return db.rescheduleCheck.mock.calls[0]?.[2];
    };
    expect([await waits(0), await waits(1), await waits(9)]).toEqual([10, 15, 60]);
  });

  test('that gets no answer is no verdict, and waits as long as it is told to', async () => {
    const { db } = await poll({ status: 'ambiguous', message: '429', retryAfterSeconds: 90 });
    expect(db.rescheduleCheck).toHaveBeenCalledExactlyOnceWith('att_1', 3, 90);
    expect(db.recordVerdict).not.toHaveBeenCalled();
  });

  test('of what was canceled and still runs tells the provider again, and comes soon again', async () => {
    const { db, provider } = await poll({ status: 'pending' }, { cancel_requested: true, eta_seconds: 60 });
    expect(db.rescheduleCheck).toHaveBeenCalledExactlyOnceWith('att_1', 3, 5);
    expect(provider.cancel).toHaveBeenCalledOnce();
  });

  test.each([
    [{ status: 'ambiguous', message: '429' }, true],
    [{ status: 'pending' }, false],
  ] as const)('tells nobody to cancel: %j, canceled: %s', async (status, cancel_requested) => {
    const { provider } = await poll(status, { cancel_requested });
    expect(provider.cancel).not.toHaveBeenCalled();
  });

  test('without a key says nothing about the attempt', async () => {
    const { db, provider } = await poll(
      { status: 'pending' },
      {},
      { keys: { open: async () => ({ missing: 'gone' }) } },
    );
    expect(provider.status).not.toHaveBeenCalled();
    expect(db.recordVerdict).not.toHaveBeenCalled();
    expect(db.rescheduleCheck).toHaveBeenCalledOnce();
  });

  test('that a webhook overtook leaves the verdict to it', async () => {
    const db = due({ attempts: [work()] });
    db.openVerdict.mockImplementation(async () => ok({ work: work(), leased: false }));
    const { deps } = fakeWorker({}, { db });
    await runSweep(deps);
    expect(deps.store).not.toHaveBeenCalled();
    expect(db.recordVerdict).not.toHaveBeenCalled();
  });
});

describe('an attempt whose worker died, or whose answer got lost', () => {
  const unknown = { status: 'submission_unknown', request_id: null, provider_state: null } as const;

  test.each([0, 1, 50])('is never submitted again, however often it comes up (%i polls)', async (checks) => {
    const db = due({ attempts: [work({ ...unknown, checks })] });
    const { deps, provider } = fakeWorker({}, { db });
    await runSweep(deps);
    expect(provider.start).not.toHaveBeenCalled();
    expect(provider.status).not.toHaveBeenCalled();
    expect(db.recordVerdict).not.toHaveBeenCalled();
    expect(db.rescheduleCheck).toHaveBeenCalledExactlyOnceWith('att_1', 3, 30);
  });

  test('is polled where the request id is known', async () => {
    const db = due({ attempts: [work({ ...unknown, request_id: 'req-1' })] });
    const { deps, provider } = fakeWorker({ status: { status: 'pending' } }, { db });
    await runSweep(deps);
    expect(provider.status).toHaveBeenCalledExactlyOnceWith({ request_id: 'req-1', model: 'acme/flux', kind: 'image' });
    expect(provider.start).not.toHaveBeenCalled();
  });

  test('ends on a synchronous route once no answer can come any more', async () => {
    const started = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
    const db = due({
      attempts: [
        work({ ...unknown, attempt_id: 'att_1', started_at: started(299) }),
        work({ ...unknown, attempt_id: 'att_2', started_at: started(301) }),
      ],
    });
    const { deps } = fakeWorker({ synchronous: true }, { db });
    await runSweep(deps);
    expect(db.recordVerdict).toHaveBeenCalledExactlyOnceWith(
      'att_2',
      3,
      expect.objectContaining({ event: 'failed', error: expect.objectContaining({ class: 'lost' }) }),
    );
    expect(db.rescheduleCheck).toHaveBeenCalledExactlyOnceWith('att_1', 3, 30);
  });
});

test('many are polled side by side, but not all at once, and one that breaks stops nothing', async () => {
  const attempts = [...Array(40).keys()].map((n) => work({ attempt_id: `att_${n}` }));
  const { deps, provider, db } = fakeWorker({}, { db: due({ attempts }) });
  let running = 0;
  let most = 0;
  provider.status.mockImplementation(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    if (provider.status.mock.calls.length === 3) throw new Error('bug');
    return { status: 'pending' };
  });
  await runSweep(deps);
  expect(provider.status).toHaveBeenCalledTimes(40);
  expect(most).toBeLessThanOrEqual(10);
  expect(db.rescheduleCheck.mock.calls.length).toBeGreaterThan(30);
});

test('stops starting things when the time is up', async () => {
  let now = NOW;
  const attempts = [...Array(40).keys()].map((n) => work({ attempt_id: `att_${n}` }));
  const { deps, provider } = fakeWorker({}, { db: due({ attempts }), now: () => now });
  provider.status.mockImplementation(async () => {
    now += 26_000;
    return { status: 'pending' };
  });
  await runSweep(deps);
  expect(provider.status.mock.calls.length).toBeLessThan(20);
  expect(deps.post).toHaveBeenCalledTimes(2);
});

describe('POST /internal/sweep', () => {
  const signed = async (seconds = 0) => ({
    method: 'POST',
    body: '{}',
    headers: await signedHeaders({
      id: 'sweep_1',
      timestamp: NOW / 1000 + seconds,
      body: '{}',
      secret: SIGNING_SECRET,
    }),
  });

  test('runs one', async () => {
    const { app, db } = fakeWorker();
    const response = await app.request('/internal/sweep', await signed());
    expect([response.status, await response.json()]).toEqual([
      200,
      { polled: 0, canceled: 0, announced: 0, woken: 0, callback: 200, keys: 200 },
    ]);
    expect(db.dueAttempts).toHaveBeenCalledExactlyOnceWith(500);
  });

  test.each([
    ['unsigned', async () => ({ method: 'POST', body: '{}' })],
    ['stale', () => signed(-121)],
    ['ahead', () => signed(121)],
    ['of another body', async () => ({ ...(await signed()), body: '{"max":1}' })],
  ])('%s: 401', async (_name, init) => {
    const { app, db } = fakeWorker();
    expect((await app.request('/internal/sweep', await init())).status).toBe(401);
    expect((await app.request('/internal/anything', await init())).status).toBe(401);
    expect(db.dueAttempts).not.toHaveBeenCalled();
  });
});
