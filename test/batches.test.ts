import { describe, expect, test } from 'vitest';
import type { Json } from './client.ts';
import { api, makeAccount, untilEnded } from './stack.ts';

const IMAGE = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
const withPrompt = (prompt: string) => ({ ...IMAGE, input: { prompt } });
const once = (key: string) => ({ 'idempotency-key': key });
const idsOf = (jobs: Json[]): string[] => jobs.map(({ id }) => id);

describe.concurrent('batches', () => {
  const batch = (jobs: object[], more: object = {}) => ({ jobs, ...more });

  test('run as many jobs of one payer', async () => {
    const { account_id, api_key: key } = await makeAccount({ credits: 1000 });
    const body = batch([IMAGE, withPrompt('a fox'), withPrompt('#fail')]);
    const { status, body: accepted } = await api('/v1/batches', { key, body, headers: once('batch') });
    expect([status, accepted.jobs.length]).toEqual([202, 3]);
    const jobs = await Promise.all(accepted.jobs.map(({ id }: { id: string }) => untilEnded(id, { key })));
    expect(jobs.map((job) => job.status)).toEqual(['completed', 'completed', 'failed']);
    for (const job of jobs) expect(job).toMatchObject({ account_id, batch_id: accepted.id });
    const again = await api('/v1/batches', { key, body, headers: once('batch') });
    expect([again.headers.get('idempotency-replayed'), again.body.id, idsOf(again.body.jobs)]).toEqual([
      'true',
      accepted.id,
      idsOf(accepted.jobs),
    ]);
  });

  test('are refused as one', async () => {
    const { body: quote } = await api('/v1/quotes', { body: IMAGE });
    const { api_key: key } = await makeAccount({ credits: 3 * quote.credits_max - 1 });
    const poor = await api('/v1/batches', { key, body: batch([IMAGE, IMAGE, IMAGE]) });
    expect([poor.status, poor.body.code, poor.body.required]).toEqual([
      402,
      'insufficient_credits',
      3 * quote.credits_max,
    ]);
    expect((await api('/v1/jobs', { key })).body.data).toEqual([]);
    expect((await api('/v1/credits', { key })).body).toMatchObject({ held: 0 });
    expect((await api('/v1/batches', { key, body: batch([IMAGE, IMAGE]) })).status).toBe(202);
  });

  test('may be quoted, and the quote is good once, for that very batch', async () => {
    const { api_key: key } = await makeAccount({ credits: 1000 });
    const { body: quote } = await api('/v1/quotes', { key, body: batch([IMAGE, IMAGE]) });
    const other = await api('/v1/batches', { key, body: batch([IMAGE], { quote_id: quote.id }) });
    expect([other.status, other.body.code]).toEqual([422, 'quote_mismatch']);
    const { status, body } = await api('/v1/batches', { key, body: batch([IMAGE, IMAGE], { quote_id: quote.id }) });
    expect(status).toBe(202);
    const held = body.jobs.reduce((sum: number, job: Json) => sum + job.credits.held, 0);
    expect(held).toBe(quote.credits_max);
    const used = await api('/v1/batches', { key, body: batch([IMAGE, IMAGE], { quote_id: quote.id }) });
    expect([used.status, used.body.code]).toEqual([409, 'quote_expired']);
  });
});
