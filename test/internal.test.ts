import { describe, expect, test } from 'vitest';
import { sign } from '../shared/signatures/standard-webhooks.ts';
import { api, makeAccount, pool, stack, untilEnded, waitFor } from './stack.ts';

type Attempt = { id: string; fence: number; status: string };

async function finished(
  prompt = 'a lamp',
): Promise<{ job: { id: string; version: number }; attempt: Attempt; key: string }> {
  const { api_key } = await makeAccount({ credits: 1000 });
  const { body } = await api('/v1/jobs', { key: api_key, body: { model: 'flux-dev', input: { prompt } } });
  const job = await untilEnded(body.id, { key: api_key });
  return { job, attempt: job.attempts[0], key: api_key };
}

type Forgery = { secret?: string; at?: number; id?: string; signedBody?: string };

async function post(
  body: unknown,
  { secret = stack().callback.secret, at = Date.now(), id, signedBody }: Forgery = {},
) {
  const text = JSON.stringify(body);
  const message = {
    id: id ?? `cb_${(body as { attempt_id: string }).attempt_id}_${(body as { event: string }).event}`,
    timestamp: Math.floor(at / 1000),
  };
  const signature = await sign({ ...message, body: signedBody ?? text, secret });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signature,
  };
  const response = await fetch(stack().callback.url, { method: 'POST', headers, body: text });
  return { status: response.status, body: (await response.json()) as { result?: string; code?: string } };
}

const consumed = async (attempt: string) =>
  (
    await pool().query(`select count(*)::int as n from darkroom.consumed_messages where body->>'attempt_id' = $1`, [
      attempt,
    ])
  ).rows[0].n;

describe('internal callbacks', () => {
  test('the same message again: 200, and nothing changes', async () => {
    const { job, attempt, key } = await finished();
    const body = { attempt_id: attempt.id, event: 'succeeded', fence: attempt.fence };
    const before = (await api(`/v1/jobs/${job.id}`, { key })).body;
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(body)));
    expect(answers.map((a) => a.status)).toEqual([200, 200, 200, 200, 200]);
    expect((await api(`/v1/jobs/${job.id}`, { key })).body).toEqual(before);
    expect(await consumed(attempt.id)).toBe(1);
  });

  test('119 s old or ahead passes, 121 s either way is 401', async () => {
    const { attempt } = await finished();
    const body = { attempt_id: attempt.id, event: 'succeeded', fence: attempt.fence };
    expect((await post(body, { at: Date.now() - 118_000 })).status).toBe(200);
    expect((await post(body, { at: Date.now() + 118_000 })).status).toBe(200);
    expect((await post(body, { at: Date.now() - 122_000 })).status).toBe(401);
    expect((await post(body, { at: Date.now() + 122_000 })).status).toBe(401);
  });

  test('forged, body swapped under the signature, unsigned: 401 and nothing is written', async () => {
    const { attempt } = await finished();
    const body = { attempt_id: attempt.id, event: 'succeeded', fence: attempt.fence };
    expect((await post(body, { secret: `whsec_${btoa('x'.repeat(32))}` })).status).toBe(401);
    expect((await post({ ...body, fence: 99 }, { signedBody: JSON.stringify(body) })).status).toBe(401);
    expect((await fetch(stack().callback.url, { method: 'POST', body: JSON.stringify(body) })).status).toBe(401);
    expect(await consumed(attempt.id)).toBe(1);
  });

  test('the same id with another, well signed body: 409; an unknown attempt: 404', async () => {
    const { attempt } = await finished();
    const id = `cb_${attempt.id}_succeeded`;
    expect((await post({ attempt_id: attempt.id, event: 'failed', fence: attempt.fence }, { id })).status).toBe(409);
    expect((await post({ attempt_id: attempt.id, event: 'succeeded', fence: attempt.fence + 1 }, { id })).status).toBe(
      409,
    );
    expect(
      (await post({ attempt_id: 'att_00000000000070008000000000000000', event: 'succeeded', fence: 1 })).status,
    ).toBe(404);
  });
});

describe('provider webhooks', () => {
  const hook = (provider: string, attempt: string, token: string, body: unknown, headers = {}) =>
    fetch(`${stack().hooks_url}/${provider}/${attempt}/${token}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

  test('a wrong token is 401 and writes nothing', async () => {
    const { api_key } = await makeAccount({ credits: 1000 });
    const { body } = await api('/v1/jobs', {
      key: api_key,
      body: { model: 'flux-dev', input: { prompt: 'x #hang' }, deadline_seconds: 60 },
    });
    const attempt = await waitFor(async () =>
      (await api(`/v1/jobs/${body.id}`, { key: api_key })).body.attempts.find((a: Attempt) => a.status === 'submitted'),
    );
    const snapshot = async () =>
      (await pool().query('select * from darkroom.attempts where id = $1', [attempt.id])).rows[0];
    const before = await snapshot();
    for (const token of ['x', 'key_1.1.AAAA', `${before.key_id}.${before.key_version}.AAAA`]) {
      const answer = await hook('replicate', attempt.id, token, {
        id: before.provider_request_id,
        status: 'succeeded',
        output: 'https://replicate.delivery/x.png',
      });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        401,
        expect.stringContaining('application/problem+json'),
      ]);
    }
    expect(await snapshot()).toEqual({ ...before, checks: expect.anything(), next_check_at: expect.anything() });
    await api(`/v1/jobs/${body.id}/cancel`, { method: 'POST', key: api_key });
  });

  test('the right token with a wrong or stale signature is 401 and writes nothing', async () => {
    const { api_key } = await makeAccount({ credits: 1000 });
    const { body } = await api('/v1/jobs', {
      key: api_key,
      body: {
        model: 'flux-dev',
        input: { prompt: 'y #hang' },
        deadline_seconds: 60,
        routing: { allow_fallbacks: false },
      },
    });
    const attempt = await waitFor(async () =>
      (await api(`/v1/jobs/${body.id}`, { key: api_key })).body.attempts.find((a: Attempt) => a.status === 'submitted'),
    );
    const { rows } = await pool().query('select provider_request_id as id from darkroom.attempts where id = $1', [
      attempt.id,
    ]);
    const list = (await (
      await fetch(`${stack().emulators.replicate}/__requests?prompt=${encodeURIComponent('y #hang')}`)
    ).json()) as { data: { id: string; webhook: string }[] };
    const url = list.data.find((r) => r.id === rows[0].id)?.webhook as string;
    const prediction = JSON.stringify({
      id: rows[0].id,
      status: 'succeeded',
      output: ['https://replicate.delivery/x.png'],
    });
    const send = async (secret: string, at: number) => {
      const message = { id: 'msg_1', timestamp: Math.floor(at / 1000) };
      const signature = await sign({ ...message, body: prediction, secret });
      return (
        await fetch(url, {
          method: 'POST',
          body: prediction,
          headers: {
            'webhook-id': message.id,
            'webhook-timestamp': String(message.timestamp),
            'webhook-signature': signature,
          },
        })
      ).status;
    };
    expect(await send(`whsec_${btoa('n'.repeat(32))}`, Date.now())).toBe(401);
    expect(await send(`whsec_${btoa('n'.repeat(32))}`, Date.now() - 3_600_000)).toBe(401);
    expect((await fetch(url, { method: 'POST', body: prediction })).status).toBe(401);
    expect((await api(`/v1/jobs/${body.id}`, { key: api_key })).body.status).toBe('processing');
    await api(`/v1/jobs/${body.id}/cancel`, { method: 'POST', key: api_key });
  });
});

test.each([
  '/internal/wake',
  '/internal/sweep',
  '/internal/callbacks',
  '/internal/callbacks/sweep',
  '/internal/keys/mirror',
  '/internal/other',
  '/hooks/fal/att_1/x',
  '/hooks/x',
])('%s answers 401 problem+json to anything unsigned', async (path) => {
  const answer = await fetch(stack().origin + path, { method: 'POST', body: '{}' });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    401,
    expect.stringContaining('application/problem+json'),
  ]);
});

test('an operator’s signed sweep runs all sweeps', async () => {
  const message = { id: `sweep_${crypto.randomUUID()}`, timestamp: Math.floor(Date.now() / 1000), body: '{}' };
  const signature = await sign({ ...message, secret: stack().callback.secret });
  const headers = {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signature,
  };
  const answer = await fetch(stack().sweep_url, { method: 'POST', body: '{}', headers });
  expect([answer.status, await answer.json()]).toMatchObject([200, { callback: 200, keys: 200 }]);
});
