import { describe, expect, test } from 'vitest';
import { encodeSecret } from '../signatures/secret.ts';
import { signedHeaders } from '../signatures/standard-webhooks.ts';
import * as recorded from './fixtures/replicate.ts';
import { replicate } from './replicate.ts';
import { testProvider } from './test-provider.ts';
import type { Verdict } from './types.ts';

const secret = encodeSecret(new Uint8Array(24).fill(1));
const { prediction, REQUEST_ID } = recorded;
const image = { kind: 'image', url: recorded.image } as const;
const sensitive = 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)';

const verdicts: Record<string, [body: Record<string, unknown>, verdict: Verdict]> = {
  starting: [prediction(), { status: 'pending' }],
  'processing, even after it had succeeded': [prediction({ status: 'processing' }), { status: 'pending' }],
  succeeded: [recorded.succeeded, { status: 'succeeded', outputs: [image] }],
  'succeeded, in few words': [
    { id: REQUEST_ID, status: 'succeeded', output: recorded.image },
    { status: 'succeeded', outputs: [image] },
  ],
  'succeeded, files already gone': [
    prediction({ status: 'succeeded', output: null, data_removed: true }),
    { status: 'failed', code: 'no_output', message: 'the provider returned no output' },
  ],
  failed: [prediction({ status: 'failed', error: 'CUDA out of memory' }), failed('CUDA out of memory')],
  'failed without a word': [prediction({ status: 'failed' }), failed('the prediction failed')],
  'timed out': [
    prediction({ status: 'failed', error: 'Prediction timed out' }),
    { status: 'failed', code: 'timeout', message: 'Prediction timed out' },
  ],
  moderated: [
    prediction({ status: 'failed', error: sensitive }),
    { status: 'rejected', code: 'moderation', message: sensitive },
  ],
  canceled: [prediction({ status: 'canceled' }), { status: 'canceled' }],
  aborted: [prediction({ status: 'aborted' }), { status: 'canceled' }],
  'a status of tomorrow': [prediction({ status: 'paused' }), { status: 'ambiguous', message: 'unknown status paused' }],
};

function failed(message: string): Verdict {
  return { status: 'failed', code: 'failed', message };
}

testProvider({
  module: replicate,
  model: 'black-forest-labs/flux-dev',
  authorization: 'Bearer KEY',
  requestId: REQUEST_ID,
  accepted: { status: 201, body: prediction() },
  ownError: (status) => {
    if (status === 401 || status === 403) return recorded.unauthenticated;
    if (status === 402) return recorded.insufficientCredit;
    if (status === 422) return recorded.invalidInput;
    return status === 429 ? recorded.throttled : recorded.serverError;
  },
  polls: Object.fromEntries(
    Object.entries(verdicts).map(([name, [body, verdict]]) => [name, { answers: [{ status: 200, body }], verdict }]),
  ),
  hooks: Object.fromEntries(Object.entries(verdicts).map(([name, [body, verdict]]) => [name, { body, verdict }])),
  signHook: async (body, at) => ({
    headers: await signedHeaders({ id: 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W', timestamp: Math.floor(at), body, secret }),
    secrets: [secret],
  }),
  hookOf: (id) => prediction({ id, status: 'succeeded', output: [recorded.image] }),
});

describe('quirks', () => {
  const create = (fetch: (url: string | URL, init?: RequestInit) => Promise<Response>) =>
    replicate.create({ key: 'r8_x', fetch, now: () => 0 });
  const request = { input: {}, outputs: 1, kind: 'image', attemptId: 'att_1' } as const;

  test('official models have a path of their own, community models go by version; only the end is hooked', async () => {
    const sent: { url: string; body: unknown }[] = [];
    const { start } = create(async (url, init) => {
      sent.push({ url: String(url), body: JSON.parse(String(init?.body)) });
      return Response.json(prediction(), { status: 201 });
    });
    await start({ ...request, model: 'google/imagen-4', hookUrl: 'https://h.example/x' });
    await start({ ...request, model: 'owner/name:abc123' });
    const hook = { webhook: 'https://h.example/x', webhook_events_filter: ['completed'] };
    expect(sent).toEqual([
      { url: 'https://api.replicate.com/v1/models/google/imagen-4/predictions', body: { input: {}, ...hook } },
      { url: 'https://api.replicate.com/v1/predictions', body: { input: {}, version: 'abc123' } },
    ]);
  });

  test('reads how long it throttles from the message', async () => {
    const { start } = create(async () => Response.json(recorded.throttled, { status: 429 }));
    expect(await start({ ...request, model: 'a/b' })).toMatchObject({ status: 'rate_limited', retryAfterSeconds: 30 });
  });

  test('reads progress from the logs', async () => {
    const logs = 'Using seed: 0\n 40%|████      | 11/28 [00:01<00:01]\n 75%|███████▌  | 21/28 [00:02<00:00]\n';
    const { status } = create(async () => Response.json(prediction({ status: 'processing', logs })));
    expect(await status({ request_id: REQUEST_ID, model: 'a/b', kind: 'image' })).toEqual({
      status: 'pending',
      progress: 0.75,
    });
  });

  test('does not take another prediction for the answer', async () => {
    const { status } = create(async () => Response.json(recorded.succeeded));
    expect(await status({ request_id: 'other', model: 'a/b', kind: 'image' })).toMatchObject({ status: 'ambiguous' });
  });

  test('a hook URL that is none is never sent', async () => {
    const { start } = create(() => Promise.reject(new Error('must not be called')));
    expect(await start({ ...request, model: 'a/b', hookUrl: 'not a url' })).toMatchObject({
      status: 'refused',
      httpStatus: 0,
    });
  });

  test('a valid key checks out', async () => {
    const { check } = create(async () => Response.json({ type: 'user', username: 'x' }));
    expect(await check()).toMatchObject({ result: 'valid' });
  });
});
