import { describe, expect, test, vi } from 'vitest';
import { ok, refused } from '../../shared/errors/result.ts';
import { createLog } from '../../shared/log/log.ts';
import type { Started } from '../../shared/providers/types.ts';
import { verifyHookToken } from '../../shared/signatures/hook-token.ts';
import { runAttempt } from './run-attempt.ts';
import {
  CANARY,
  claimed,
  down,
  fakeDatabase,
  fakeWorker,
  image,
  ORIGIN,
  SIGNING_SECRET,
  verdictIn,
} from './testing/fakes.ts';

test('submits once, with the key of the attempt and a hook of its own, and records what it got', async () => {
  const { deps, db, provider } = fakeWorker();
  await runAttempt(deps, claimed());
  expect(deps.keys.open).toHaveBeenCalledExactlyOnceWith({ attempt_id: 'att_1', fence: 3 });
  expect(provider.create).toHaveBeenCalledWith(expect.objectContaining({ key: CANARY }));
  expect(provider.start).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({
      model: 'acme/flux',
      input: { prompt: 'a lighthouse' },
      outputs: 1,
      kind: 'image',
      attemptId: 'att_1',
    }),
  );
  expect(db.recordSubmission).toHaveBeenCalledExactlyOnceWith('att_1', 3, {
    outcome: 'submitted',
    request_id: 'req-1',
    state: { request_id: 'req-1', model: 'acme/flux', kind: 'image' },
    check_after_seconds: 10,
  });
  expect(db.recordVerdict).not.toHaveBeenCalled();
});

test('the hook names attempt, key and version, and its token is good for nothing else', async () => {
  const { deps, provider } = fakeWorker();
  await runAttempt(deps, claimed());
  const [request] = provider.start.mock.calls[0] as unknown as [{ hookUrl: string }];
  const url = new URL(request.hookUrl);
  const [, hooks, name, attemptId = '', token = ''] = url.pathname.split('/');
  expect([url.origin, hooks, name, attemptId, url.searchParams.get('fence')]).toEqual([
    ORIGIN,
    'hooks',
    'acme',
    'att_1',
    '3',
  ]);
  expect(await verifyHookToken({ token, attemptId, secrets: [SIGNING_SECRET] })).toEqual({
    keyId: 'key_1',
    version: 1,
  });
  expect(await verifyHookToken({ token, attemptId: 'att_2', secrets: [SIGNING_SECRET] })).toBeNull();
});

test('without hooks none is sent, and the first poll comes soon', async () => {
  const { deps, db, provider } = fakeWorker({}, { hooks: false });
  await runAttempt(deps, claimed({ eta_seconds: 9 }));
  expect(provider.start).toHaveBeenCalledWith(expect.not.objectContaining({ hookUrl: expect.anything() }));
  expect(db.recordSubmission).toHaveBeenCalledWith('att_1', 3, expect.objectContaining({ check_after_seconds: 3 }));
});

test('an answer that got lost is unknown: no verdict, no second submission', async () => {
  const { deps, db, provider } = fakeWorker({ start: { status: 'ambiguous', message: 'reset' } });
  await runAttempt(deps, claimed());
  expect(provider.start).toHaveBeenCalledOnce();
  expect(db.recordSubmission).toHaveBeenCalledExactlyOnceWith('att_1', 3, {
    outcome: 'unknown',
    check_after_seconds: 30,
  });
  expect(db.recordVerdict).not.toHaveBeenCalled();
});

test('an adapter that throws is unknown too', async () => {
  const { deps, db, provider } = fakeWorker();
  provider.start.mockRejectedValue(new Error('bug'));
  await runAttempt(deps, claimed());
  expect(provider.start).toHaveBeenCalledOnce();
  expect(db.recordSubmission).toHaveBeenCalledWith('att_1', 3, expect.objectContaining({ outcome: 'unknown' }));
});

test.each<[Started, string, string | undefined]>([
  [{ status: 'rate_limited', message: 'm', retryAfterSeconds: 7 }, 'rate_limited', 'cooling'],
  [{ status: 'refused', httpStatus: 503, message: 'm' }, 'refused', undefined],
  [{ status: 'unauthorized', message: 'm' }, 'key', 'disabled'],
  [{ status: 'out_of_credit', message: 'm' }, 'key', 'out_of_credit'],
  [{ status: 'rejected', code: 'invalid_input', message: 'm' }, 'input', undefined],
  [{ status: 'rejected', code: 'moderation', message: 'm' }, 'moderation', undefined],
  [{ status: 'failed', code: 'failed', message: 'm' }, 'failed', undefined],
])('a definite refusal %o ends the attempt and tells `callback`', async (start, errorClass, keyState) => {
  const { deps, db, provider } = fakeWorker({ start });
  await runAttempt(deps, claimed());
  expect(provider.start).toHaveBeenCalledOnce();
  expect(verdictIn(db)).toMatchObject({ event: 'failed', error: { class: errorClass } });
  expect(verdictIn(db)?.key_state).toBe(keyState);
  expect(db.recordSubmission).not.toHaveBeenCalled();
  expect(deps.post).toHaveBeenCalledExactlyOnceWith('/internal/callbacks', {
    id: 'cb_att_1_failed',
    body: { attempt_id: 'att_1', event: 'failed', fence: 3 },
  });
  expect(deps.wake).toHaveBeenCalledWith(['acme:platform']);
});

describe('without a key nobody is called', () => {
  test('one that is gone is taken out of service', async () => {
    const { deps, db, provider } = fakeWorker(
      {},
      { keys: { open: async () => ({ missing: 'The stored key cannot be opened.' }) } },
    );
    await runAttempt(deps, claimed());
    expect(provider.start).not.toHaveBeenCalled();
    expect(verdictIn(db)).toMatchObject({
      error: { class: 'key' },
      key_state: 'disabled',
      key_reason: 'The stored key cannot be opened.',
    });
  });

  test('a vault that is down is asked three times, and the key only cools', async () => {
    const open = vi.fn(() => Promise.reject(new Error('down')));
    const { deps, db, provider } = fakeWorker({}, { keys: { open } });
    await runAttempt(deps, claimed());
    expect(open).toHaveBeenCalledTimes(3);
    expect(provider.start).not.toHaveBeenCalled();
    expect(verdictIn(db)).toMatchObject({ error: { class: 'refused' }, key_state: 'cooling', retry_after_seconds: 15 });
  });

  test('a vault that stumbles is no reason to fail', async () => {
    const opened = { key: CANARY, config: {}, key_id: 'key_1', version: 1 };
    const open = vi.fn().mockRejectedValueOnce(new Error('down')).mockResolvedValue(opened);
    const { deps, provider } = fakeWorker({}, { keys: { open } });
    await runAttempt(deps, claimed());
    expect(provider.start).toHaveBeenCalledOnce();
  });
});

test('neither a provider nor a route that we do not know is called', async () => {
  const { deps, db, provider } = fakeWorker();
  await runAttempt(deps, claimed({ provider: 'toString' }));
  expect(verdictIn(db)).toMatchObject({ error: { class: 'key' } });
  const gone = fakeWorker({}, { providerInput: () => refused('model_retired', { detail: 'gone' }) });
  await runAttempt(gone.deps, claimed());
  expect(verdictIn(gone.db)).toMatchObject({ error: { class: 'refused', code: 'route_unavailable' } });
  expect(provider.start).not.toHaveBeenCalled();
  expect(gone.provider.start).not.toHaveBeenCalled();
});

describe('a job that was canceled meanwhile', () => {
  test('is canceled at the provider', async () => {
    const db = fakeDatabase({ recordSubmission: async () => ok({ recorded: true, cancel_requested: true }) });
    const { deps, provider } = fakeWorker({}, { db });
    await runAttempt(deps, claimed());
    expect(provider.cancel).toHaveBeenCalledExactlyOnceWith({ request_id: 'req-1', model: 'acme/flux', kind: 'image' });
  });

  test('is left alone if the attempt has ended before its submission was recorded', async () => {
    const db = fakeDatabase({ recordSubmission: async () => ok({ recorded: false, cancel_requested: true }) });
    const { deps, provider } = fakeWorker({}, { db });
    await runAttempt(deps, claimed());
    expect(provider.cancel).not.toHaveBeenCalled();
  });
});

describe('a database that stops answering after the provider has accepted', () => {
  test('is asked again, the provider is not', async () => {
    const db = fakeDatabase();
    db.recordSubmission.mockResolvedValueOnce(refused('unavailable')).mockResolvedValueOnce(refused('unavailable'));
    const { deps, provider } = fakeWorker({}, { db });
    await runAttempt(deps, claimed());
    expect(provider.start).toHaveBeenCalledOnce();
    expect(db.recordSubmission).toHaveBeenCalledTimes(3);
  });

  test('in the end the wake-up fails, and the attempt waits for its webhook', async () => {
    const { deps, provider } = fakeWorker({}, { db: fakeDatabase({ recordSubmission: down }) });
    await expect(runAttempt(deps, claimed())).rejects.toThrow('unavailable');
    expect(provider.start).toHaveBeenCalledOnce();
  });
});

describe('a synchronous route', () => {
  test('is stored and recorded before the wake-up is answered', async () => {
    const { deps, db } = fakeWorker({ synchronous: true, start: structuredClone(image) as unknown as Started });
    await runAttempt(deps, claimed());
    expect(verdictIn(db)).toMatchObject({
      event: 'succeeded',
      outputs: [{ n: 1, public_id: 'user_acct_1/job_1/final/att_1-1' }],
    });
  });

  test('whose answer got lost ends at once: there is nobody to ask later', async () => {
    const { deps, db, provider } = fakeWorker({
      synchronous: true,
      start: { status: 'ambiguous', message: 'timeout' },
    });
    await runAttempt(deps, claimed());
    expect(provider.start).toHaveBeenCalledOnce();
    expect(verdictIn(db)).toMatchObject({ event: 'failed', error: { class: 'lost', retryable: true } });
  });

  test('that cannot be stored after three tries has failed, and cost what it cost', async () => {
    const store = vi.fn(async () => ({ ok: false, reason: 'unavailable', message: 'down' }) as const);
    const { deps, db } = fakeWorker(
      { synchronous: true, start: structuredClone(image) as unknown as Started },
      { store },
    );
    await runAttempt(deps, claimed());
    expect(store).toHaveBeenCalledTimes(3);
    expect(verdictIn(db)).toMatchObject({ error: { class: 'failed', code: 'storage_unavailable' }, cost_usd: 0.03 });
    expect(db.releaseVerdict).not.toHaveBeenCalled();
  });
});

test('the key is in no log line, whatever goes wrong', async () => {
  const lines: string[] = [];
  const log = createLog({ worker: 'worker', write: (line) => lines.push(line) });
  const { deps, provider } = fakeWorker({}, { log, db: fakeDatabase({ recordSubmission: down }) });
  provider.start.mockRejectedValue(new Error('bug'));
  await runAttempt(deps, claimed()).catch(() => {});
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join()).not.toContain(CANARY);
});
