import { describe, expect, test, vi } from 'vitest';
import { ok } from '../../shared/errors/result.ts';
import type { HookResult } from '../../shared/providers/types.ts';
import { fakeDatabase, fakeWorker, storedAs, verdictIn, work } from './testing/fakes.ts';
import { call } from './testing/hook-calls.ts';

describe('what was made', () => {
  const outputs = (...all: object[]): HookResult =>
    ({ ok: true, requestId: 'req-1', outcome: { status: 'succeeded', outputs: all } }) as HookResult;
  const png = { kind: 'image', url: 'https://cdn.acme.test/1.png' };
  const wanting = (n: number) =>
    fakeDatabase({ openVerdict: async () => ok({ work: work({ outputs: n }), leased: true }) });

  test('is not what it claims: failed, tried elsewhere, and booked as waste', async () => {
    const store = async () => ({ ok: false, reason: 'unusable', message: 'not an image' }) as const;
    const fake = fakeWorker({}, { store });
    expect((await call(fake)).status).toBe(200);
    expect(verdictIn(fake.db)).toMatchObject({
      event: 'failed',
      error: { class: 'failed', code: 'unusable_media', message: 'not an image' },
      cost_usd: 0.03,
    });
  });

  test('cannot be stored now: the lease goes back, 503, and no verdict', async () => {
    const store = async () => ({ ok: false, reason: 'unavailable', message: 'down' }) as const;
    const fake = fakeWorker({}, { store });
    expect((await call(fake)).status).toBe(503);
    expect(fake.db.releaseVerdict).toHaveBeenCalledExactlyOnceWith('att_1', 3, 10);
    expect(fake.db.recordVerdict).not.toHaveBeenCalled();
    expect(fake.deps.post).not.toHaveBeenCalled();
  });

  test('in parts: the good ones are delivered under their own numbers', async () => {
    const store = vi.fn(async ({ publicId }: { publicId: string }) =>
      publicId.endsWith('-2') ? ({ ok: false, reason: 'unusable', message: 'broken' } as const) : storedAs(publicId),
    );
    const fake = fakeWorker({ hook: outputs(png, png, png) }, { store, db: wanting(3) });
    await call(fake);
    expect(verdictIn(fake.db)?.outputs.map(({ n }) => n)).toEqual([1, 3]);
  });

  test('more than was asked for: the rest is left there', async () => {
    const fake = fakeWorker({ hook: outputs(png, png, png) }, { db: wanting(2) });
    await call(fake);
    expect(fake.deps.store).toHaveBeenCalledTimes(2);
    expect(verdictIn(fake.db)?.outputs).toHaveLength(2);
  });

  test('nothing: failed', async () => {
    const fake = fakeWorker({ hook: outputs() });
    await call(fake);
    expect(verdictIn(fake.db)).toMatchObject({ event: 'failed', error: { class: 'failed' } });
  });

  test('a data URI goes up as it is; text stays in the row', async () => {
    const dataUri = 'data:image/png;base64,iVBORw0KGgo=';
    const fake = fakeWorker({ hook: outputs({ kind: 'image', dataUri, contentType: 'image/png' }) });
    await call(fake);
    expect(fake.deps.store).toHaveBeenCalledWith(expect.objectContaining({ source: { dataUri } }));
    const text = fakeWorker({ hook: outputs({ kind: 'text', text: 'déjà\0 vu' }) });
    await call(text);
    expect(text.deps.store).not.toHaveBeenCalled();
    expect(verdictIn(text.db)?.outputs).toEqual([
      {
        n: 1,
        kind: 'text',
        text: 'déjà vu',
        bytes: 9,
        content_type: 'text/plain; charset=utf-8',
        url: null,
        public_id: null,
      },
    ]);
  });

  test('moderation is a verdict of its own', async () => {
    const fake = fakeWorker({
      hook: { ok: true, requestId: 'req-1', outcome: { status: 'rejected', code: 'moderation', message: 'nsfw' } },
    });
    await call(fake);
    expect(verdictIn(fake.db)).toMatchObject({ event: 'failed', error: { class: 'moderation', retryable: false } });
  });
});
