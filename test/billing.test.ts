import { describe, expect, test } from 'vitest';
import type { Account, Json } from './client.ts';
import { api, makeAccount, stack, untilEnded } from './stack.ts';

const IMAGE = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
const once = (key: string) => ({ 'idempotency-key': key });

async function ended({ api_key: key }: Account): Promise<Json> {
  const { body } = await api('/v1/jobs', { key, body: IMAGE });
  return untilEnded(body.id, { key });
}

describe.concurrent('billing', () => {
  test('a quote says what it will cost, with whom and what else there is', async () => {
    const { api_key: key } = await makeAccount({ credits: 1000 });
    const { status, body } = await api('/v1/quotes', { key, body: { ...IMAGE, count: 3 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^qt_[0-9a-f]{32}$/),
      provider: 'replicate',
      model: 'black-forest-labs/flux-dev',
      display_name: 'FLUX.1 Dev',
      credential: 'environment',
      balance_after: 1000 - body.credits_max,
      formula: expect.stringContaining('3'),
    });
    expect(body.credits).toBe(3 * (await api('/v1/quotes', { key, body: IMAGE })).body.credits);
    expect(body.alternatives.map(({ provider }: { provider: string }) => provider)).toContain('fal');
    expect(Date.parse(body.expires_at)).toBeGreaterThan(Date.now());
    const foreign = await makeAccount({ credits: 1000 });
    const stolen = await api('/v1/jobs', { key: foreign.api_key, body: { ...IMAGE, count: 3, quote_id: body.id } });
    expect(stolen.status).toBe(404);
  });

  test('an operator gives back at most what was charged, once under a key', async () => {
    const account = await makeAccount({ credits: 1000 });
    const { api_key: key } = account;
    const job = await ended(account);
    const { charged } = job.credits;
    const refund = (credits: number, name: string) =>
      api(`/v1/jobs/${job.id}/refund`, {
        key: stack().admin_api_key,
        headers: once(`${name}-${job.id}`),
        body: { credits, reason: 'blurred' },
      });
    const answers = await Promise.all([refund(5, 'a'), refund(5, 'a'), refund(5, 'a')]);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const before = (await refund(5, 'a')).body;
    expect(before.credits).toEqual({ held: 0, charged: charged - 5, refunded: job.credits.refunded + 5 });
    expect((await refund(charged, 'b')).status).toBe(422);
    expect((await refund(charged - 5, 'c')).body.credits.charged).toBe(0);
    expect((await api('/v1/credits', { key })).body).toMatchObject({ available: 1000, held: 0 });
    const { body: entries } = await api('/v1/credits/entries?limit=200', { key });
    const kinds = entries.data.map(({ kind }: { kind: string }) => kind);
    expect(kinds.filter((kind: string) => kind === 'refund')).toHaveLength(4);
  });

  test('entries come by the page, and add up', async () => {
    const account = await makeAccount({ credits: 1000 });
    const { api_key: key } = account;
    await Promise.all([ended(account), ended(account)]);
    const rows: Json[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await api(`/v1/credits/entries?limit=3${cursor}`, { key });
      rows.push(...body.data);
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(rows.map(({ version }) => version)).toEqual(rows.map((_, index) => rows.length - index));
    expect(rows.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const { id } of rows) expect(id).toMatch(/^ent_[0-9a-f]{32}$/);
    const available = rows.filter(({ ledger }) => ledger === 'available').reduce((sum, { amount }) => sum + amount, 0);
    expect((await api('/v1/credits', { key })).body).toMatchObject({ available, version: rows.length });
  });

  test('a replay answers with the object as it is now', async () => {
    const { api_key: key } = await makeAccount({ credits: 1000 });
    const headers = once('mine');
    const first = await api('/v1/jobs', { key, body: IMAGE, headers });
    const done = await untilEnded(first.body.id, { key });
    const again = await api('/v1/jobs', { key, body: { input: IMAGE.input, model: IMAGE.model }, headers });
    expect([again.headers.get('idempotency-replayed'), again.body]).toEqual(['true', done]);
    // Keys are an account's own: nobody else is answered with this job.
    const other = await makeAccount({ credits: 1000 });
    const theirs = await api('/v1/jobs', { key: other.api_key, body: IMAGE, headers });
    expect([theirs.headers.get('idempotency-replayed'), theirs.body.id === done.id]).toEqual([null, false]);
  });
});
