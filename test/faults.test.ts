import { describe, expect, test } from 'vitest';
import { api, control, inbox, makeAccount, pool, stack, untilEnded, waitFor } from './stack.ts';

type Options = { deadline_seconds?: number; model?: string; input?: object };

async function run(words: string, { model = 'flux-dev', input = {}, ...rest }: Options = {}) {
  const { account_id, api_key } = await makeAccount({ credits: 5000 });
  const prompt = `${words} ${crypto.randomUUID()}`;
  const { status, body } = await api('/v1/jobs', {
    key: api_key,
    body: { model, input: { prompt, ...input }, routing: { allow_fallbacks: false }, ...rest },
  });
  expect(status).toBe(202);
  const job = await untilEnded(body.id, { key: api_key, ms: 150_000 });
  const credits = (await api('/v1/credits', { key: api_key })).body;
  return { job, credits, prompt, api_key, account_id };
}

/** How often the emulated providers accepted a submission with this prompt. */
async function submissions(prompt: string): Promise<number> {
  const lists = await Promise.all(
    ['replicate', 'fal'].map(async (name) =>
      (await fetch(`${stack().emulators[name]}/__requests?prompt=${encodeURIComponent(prompt)}`)).json(),
    ),
  );
  return lists.flatMap((list) => (list as { data: { prompt: string }[] }).data).filter((r) => r.prompt.includes(prompt))
    .length;
}

async function endsOf(job: string) {
  const { rows } = await pool().query(
    'select status, charged::int, released::int from darkroom.hold_ends where hold_id = $1',
    [job],
  );
  return rows;
}

describe.concurrent.each(['flux-dev', 'flux-2-pro'])('%s', (model) => {
  test.each(['#fail', '#500', '#reject', '#badmedia', '#nsfw'])(
    '%s ends the job and gives the credits back once',
    async (word) => {
      const { job, credits, api_key } = await run(word, { model });
      expect(job).toMatchObject({ status: 'failed', credits: { held: 0, charged: 0 }, outputs: [] });
      expect(job.error.message).not.toBe('');
      const ownFault = word === '#reject' || word === '#nsfw';
      expect(job.error.suggestions?.[0].model).toBe(ownFault || model === 'flux-dev' ? undefined : 'flux-dev');
      expect(credits).toMatchObject({ available: 5000, held: 0 });
      expect(await endsOf(job.id)).toEqual([{ status: 'voided', charged: 0, released: job.credits.refunded }]);
      expect((await api(`/v1/jobs/${job.id}`, { key: api_key })).body.attempts.length).toBeGreaterThan(0);
    },
  );

  test.each(['#hang', '#lost-silent'])(
    '%s with a short deadline expires and gives the credits back once; sent once',
    async (word) => {
      const { job, credits, prompt } = await run(word, { model, deadline_seconds: 5 });
      expect(job).toMatchObject({ status: 'expired', credits: { held: 0, charged: 0 } });
      expect(credits).toMatchObject({ available: 5000, held: 0 });
      expect(await endsOf(job.id)).toHaveLength(1);
      expect(await submissions(prompt)).toBe(1);
    },
  );

  test.each(['#lost', '#nohook', '#badsig', '#dup=20'])(
    '%s still completes, sent once and charged once',
    async (word) => {
      const { job, credits, prompt, account_id } = await run(word, { model });
      expect(job.status).toBe('completed');
      expect(job.outputs).toHaveLength(1);
      expect(credits.available).toBe(5000 - job.credits.charged);
      expect(await endsOf(job.id)).toHaveLength(1);
      expect(await submissions(prompt)).toBe(1);
      const { rows } = await pool().query(
        `select count(*)::int as n from darkroom.entries where account_id = $1 and ledger = 'spent'`,
        [account_id],
      );
      expect(rows).toEqual([{ n: 1 }]);
      const { rows: steps } = await pool().query(
        `select to_status from darkroom.job_history where job_id = $1 order by version`,
        [job.id],
      );
      expect(steps.map((s) => s.to_status)).toEqual(['queued', 'processing', 'completed']);
    },
  );
});

describe.concurrent('a job', () => {
  test('with fallbacks a definite failure moves on to the next candidate, and the job says so', async () => {
    const { api_key } = await makeAccount({ credits: 5000 });
    const mark = crypto.randomUUID();
    await control('replicate', { fault: '500', match: { prompt: mark } });
    const { body } = await api('/v1/jobs', {
      key: api_key,
      body: { model: 'flux-dev', input: { prompt: `a fox ${mark}` } },
    });
    const job = await untilEnded(body.id, { key: api_key });
    expect(job.status).toBe('completed');
    expect(job.attempts.map((a: { provider: string; status: string }) => `${a.provider} ${a.status}`)).toEqual([
      'replicate failed',
      'fal succeeded',
    ]);
  });

  test('a preview is held, approved and finished; the final’s failure keeps the preview and charges nothing', async () => {
    const { api_key } = await makeAccount({ credits: 5000 });
    const submit = (prompt: string) =>
      api('/v1/jobs', {
        key: api_key,
        body: { model: 'flux-dev', input: { prompt }, preview: 'hold', routing: { allow_fallbacks: false } },
      });
    const held = async (prompt: string) =>
      untilEnded((await submit(prompt)).body.id, { key: api_key, status: 'preview_ready' });
    const review = (id: string, decision: string) =>
      api(`/v1/jobs/${id}/${decision}`, { method: 'POST', key: api_key });
    const [good, bad, third] = await Promise.all([held('a heron'), held('a heron #final-fail'), held('a heron')]);
    expect(good).toMatchObject({
      status: 'preview_ready',
      deadline_at: null,
      outputs: [{ stage: 'preview' }],
      urls: { approve: expect.stringContaining('/approve') },
    });
    expect((await api(new URL(good.urls.approve).pathname, { method: 'POST', key: api_key })).status).toBe(200);
    await review(bad.id, 'approve');
    const { body: rejected } = await review(third.id, 'reject');
    expect(rejected.status).toBe('canceled');
    expect(rejected.credits.charged).toBeGreaterThan(0);
    expect((await review(third.id, 'approve')).status).toBe(409);
    const [done, failed] = await Promise.all([good, bad].map(({ id }) => untilEnded(id, { key: api_key })));
    expect(done.outputs.map((o: { stage: string }) => o.stage).sort()).toEqual(['final', 'preview']);
    expect(failed).toMatchObject({ status: 'failed', credits: { charged: 0 }, outputs: [{ stage: 'preview' }] });
  });

  test('a job’s webhook is signed anew at each try under one id, and arrives once it is accepted', async () => {
    const { api_key } = await makeAccount({ credits: 5000 });
    const box = inbox();
    await box.answer({ status: 500, times: 1 });
    const { body } = await api('/v1/jobs', {
      key: api_key,
      body: { model: 'flux-dev', input: { prompt: 'a kite' }, webhook_url: box.url },
    });
    await untilEnded(body.id, { key: api_key });
    const messages = await waitFor(async () => {
      const all = await box.messages();
      return all.length >= 2 ? all : undefined;
    }, 20_000);
    const { body: secret } = await api('/v1/webhooks/default/secret', { key: api_key });
    const { Webhook } = await import('standardwebhooks');
    for (const message of messages) {
      const event = new Webhook(secret.key).verify(message.body, message.headers) as {
        type: string;
        data: { id: string; status: string };
      };
      expect(event).toMatchObject({ type: 'job.completed', data: { id: body.id, status: 'completed' } });
      expect(message.body).not.toContain('events_token');
    }
    const [first, second] = messages;
    expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
    expect(first?.headers['webhook-signature']).not.toBe(second?.headers['webhook-signature']);
  });
});
