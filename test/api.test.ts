import { describe, expect, test } from 'vitest';
import { Job } from '../shared/contract/job.ts';
import * as z from '../shared/schema/zod.ts';
import type { Account, Json } from './client.ts';
import { api, inbox, makeAccount, pool, untilEnded, waitFor } from './stack.ts';

const IMAGE = { model: 'flux-dev', input: { prompt: 'a lighthouse' } };
const withPrompt = (prompt: string, more: object = {}) => ({ ...IMAGE, input: { prompt }, ...more });
const once = (key: string) => ({ 'idempotency-key': key });

async function submit({ api_key: key }: Account, body: object = IMAGE): Promise<Json> {
  const answer = await api('/v1/jobs', { key, body });
  expect(answer).toMatchObject({ status: 202 });
  return answer.body;
}

const ended = async (account: Account, body?: object) =>
  untilEnded((await submit(account, body)).id, { key: account.api_key });
const idsOf = (page: Json): string[] => page.data.map(({ id }: { id: string }) => id);

describe.concurrent('jobs', () => {
  test('are accepted with all that clients are promised, and end with it', async () => {
    const { account_id, api_key: key } = await makeAccount({ credits: 1000 });
    const metadata = { order: 7, nested: { a: [1, null] } };
    const body = { ...IMAGE, metadata, end_user: 'eve', priority: 'high', count: 2, deadline_seconds: 300 };
    const accepted = await api('/v1/jobs', { key, body });
    expect(accepted.headers.get('location')).toBe(accepted.body.urls.self);
    const own = {
      metadata,
      end_user: 'eve',
      priority: 'high',
      count: 2,
      account_id,
      model: 'flux-dev',
      input: IMAGE.input,
    };
    expect(accepted.body).toMatchObject({ ...own, object: 'job', status: 'queued', version: 1, preview: false });
    const job = await untilEnded(accepted.body.id, { key });
    for (const seen of [accepted.body, job]) {
      expect(z.strictObject(Job().shape).safeParse(seen).error).toBeUndefined();
      expect(JSON.stringify(seen)).not.toContain('events_token');
    }
    expect(job).toMatchObject({ ...own, status: 'completed', error: null, progress: 1, warnings: [], cached: false });
    expect(Date.parse(job.deadline_at) - Date.parse(job.created_at)).toBe(300_000);
    expect(job.usage).toMatchObject({ units: 2, byok: false, price_version: expect.stringMatching(/\w/) });
    expect(job.routing.considered.length).toBeGreaterThan(0);
    expect(job.outputs).toHaveLength(2);
    const publicId = `user_${account_id}/job_${job.id.slice(4)}/final/${job.attempts[0].id}-`;
    for (const { url } of job.outputs) expect(decodeURIComponent(url)).toContain(publicId);
  });

  test('answer to module and params, as older clients say', async () => {
    const account = await makeAccount({ credits: 1000 });
    const job = await ended(account, { module: 'flux-dev', params: { prompt: 'x' } });
    expect(job).toMatchObject({ status: 'completed', model: 'flux-dev', input: { prompt: 'x' } });
  });

  test('are waited for with Prefer: 200 once they have ended or hold a preview, 202 if that takes longer', async () => {
    const { api_key: key } = await makeAccount({ credits: 1000 });
    const wait = (seconds: number, body: object) =>
      api('/v1/jobs', { key, body, headers: { prefer: `wait=${seconds}` } });
    const [quick, held, slow] = await Promise.all([
      wait(20, IMAGE),
      wait(20, withPrompt('a fox', { preview: 'hold' })),
      wait(1, withPrompt('a fox #slow=4')),
    ]);
    expect([quick.status, quick.body.status, quick.body.outputs.length]).toEqual([200, 'completed', 1]);
    expect(quick.headers.get('preference-applied')).toBe('wait=20');
    expect([held.status, held.body.status]).toEqual([200, 'preview_ready']);
    expect([slow.status, slow.body.status]).toEqual([202, 'processing']);
  });

  test('are listed newest first, by page and filter', async () => {
    const account = await makeAccount({ credits: 2000 });
    const { api_key: key } = account;
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.unshift((await submit(account, n === 0 ? withPrompt('#fail') : IMAGE)).id);
    await Promise.all(made.map((id) => untilEnded(id, { key })));
    const pages: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await api(`/v1/jobs?limit=2${cursor}`, { key });
      expect(body.data.length).toBeLessThanOrEqual(2);
      pages.push(...idsOf(body));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(pages).toEqual(made);
    const list = async (query: string) => idsOf((await api(`/v1/jobs?${query}`, { key })).body);
    expect(await list('status=failed')).toEqual(made.slice(-1));
    expect(await list('model=black-forest-labs/flux-dev')).toEqual(made);
    expect(await list('model=flux-2-pro')).toEqual([]);
    const { created_at: middle } = (await api(`/v1/jobs/${made[2]}`, { key })).body;
    expect(await list(`from=${middle}`)).toEqual(made.slice(0, 3));
    expect(await list(`to=${middle}`)).toEqual(made.slice(3));
    expect(await list(`from=${encodeURIComponent(middle.replace('Z', '+00:00'))}&to=${middle}`)).toEqual([]);
  });

  test('are canceled once, and show what they are', async () => {
    const account = await makeAccount({ credits: 1000 });
    const { api_key: key } = account;
    const running = await submit(account, withPrompt('#slow=30', { webhook_url: inbox().url }));
    await waitFor(async () => (await api(`/v1/jobs/${running.id}`, { key })).body.status === 'processing');
    const cancel = (id: string) => api(`/v1/jobs/${id}/cancel`, { method: 'POST', key, headers: once(`stop-${id}`) });
    const answers = await Promise.all([cancel(running.id), cancel(running.id), cancel(running.id)]);
    for (const { status, body } of answers) {
      expect([status, body.status, body.error, body.outputs]).toEqual([200, 'canceled', null, []]);
    }
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(2);
    const done = await ended(account);
    expect((await cancel(done.id)).body).toEqual(done);
    expect((await api('/v1/credits', { key })).body).toMatchObject({ available: 1000 - done.credits.charged, held: 0 });
    await waitFor(async () => {
      const { attempts } = (await api(`/v1/jobs/${running.id}`, { key })).body;
      return attempts.every(({ status }: { status: string }) => status === 'canceled');
    });
  });

  test('are deleted with prompt and assets, never the books', async () => {
    const account = await makeAccount({ credits: 1000 });
    const { api_key: key } = account;
    const prompt = `a secret ${crypto.randomUUID()}`;
    const job = await ended(account, withPrompt(prompt, { metadata: { who: prompt }, end_user: 'eve' }));
    const [{ url }] = job.outputs;
    expect((await fetch(url)).status).toBe(200);
    const running = await submit(account, withPrompt('#slow=20'));
    const early = await api(`/v1/jobs/${running.id}`, { method: 'DELETE', key });
    expect([early.status, early.body.code]).toEqual([409, 'invalid_state']);
    for (let n = 0; n < 2; n++) expect((await api(`/v1/jobs/${job.id}`, { method: 'DELETE', key })).status).toBe(204);
    const { body: after } = await api(`/v1/jobs/${job.id}`, { key });
    expect(after).toMatchObject({ id: job.id, status: 'completed', outputs: [], metadata: {}, end_user: null });
    expect(after.credits).toEqual(job.credits);
    expect(JSON.stringify(after)).not.toContain(prompt);
    await waitFor(async () => (await fetch(url)).status === 404);
    const { rows } = await pool().query('select to_jsonb(j) as job from darkroom.jobs j where id = $1', [job.id]);
    expect(JSON.stringify(rows)).not.toContain(prompt);
    await api(`/v1/jobs/${running.id}/cancel`, { method: 'POST', key });
  });

  test('have a timeline from acceptance to the last delivery', async () => {
    const account = await makeAccount({ credits: 1000 });
    const { api_key: key } = account;
    const box = inbox();
    const job = await ended(account, { ...IMAGE, webhook_url: box.url });
    const timeline = await waitFor(async () => {
      const { body } = await api(`/v1/jobs/${job.id}/timeline`, { key });
      return body.data.some(({ type }: { type: string }) => type === 'delivery') && body.data;
    });
    const times = timeline.map(({ at }: { at: string }) => at);
    expect(times).toEqual([...times].sort());
    const types = timeline.map(({ type }: { type: string }) => type);
    expect(types[0]).toBe('accepted');
    for (const type of ['queued', 'attempt_started', 'stored', 'attempt_ended', 'callback', 'ledger', 'delivery']) {
      expect(types).toContain(type);
    }
    const legs = timeline.filter(({ type }: { type: string }) => type === 'ledger');
    expect(legs.reduce((sum: number, { amount }: { amount: number }) => sum + amount, 0)).toBe(0);
  });

  test('whose deadline passes before they start expire, and give everything back', async () => {
    const account = await makeAccount({ credits: 1000 });
    const job = await ended(account, withPrompt('#hang', { deadline_seconds: 5, routing: { allow_fallbacks: false } }));
    expect(job).toMatchObject({ status: 'expired', credits: { held: 0, charged: 0 }, error: { code: 'expired' } });
  });
});
