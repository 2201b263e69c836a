import { describe, expect, test } from 'vitest';
import { sha256, toBytes, toHex } from '../signatures/bytes.ts';
import { fal } from './fal.ts';
import * as recorded from './fixtures/fal.ts';
import { type ProviderFixture, testProvider } from './test-provider.ts';
import type { Verdict } from './types.ts';

const { REQUEST_ID } = recorded;
const generate = () => crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
const pair = await generate();
const image = { kind: 'image', url: recorded.image, contentType: 'image/jpeg', width: 1024, height: 768 } as const;
const succeeded: Verdict = { status: 'succeeded', outputs: [image] };
const moderated: Verdict = {
  status: 'rejected',
  code: 'moderation',
  message: recorded.moderated.detail[0]?.msg ?? '',
  field: 'prompt',
};
const invalid: Verdict = {
  status: 'rejected',
  code: 'invalid_input',
  message: 'Input should be "1:1" or "16:9"',
  field: 'aspect_ratio',
};
const failed: Verdict = { status: 'failed', code: 'failed', message: 'Downstream service error' };
const timeout: Verdict = { status: 'failed', code: 'timeout', message: 'Request timed out' };

const ended: Record<string, [status: number, body: unknown, verdict: Verdict]> = {
  succeeded: [200, recorded.result, succeeded],
  'no result in it': [200, {}, { status: 'failed', code: 'no_output', message: 'the provider returned no output' }],
  'one picture of two blackened': [
    200,
    {
      ...recorded.result,
      images: [{ url: 'https://fal.media/x' }, ...recorded.result.images],
      has_nsfw_concepts: [true, false],
    },
    succeeded,
  ],
  'all pictures blackened': [
    200,
    { ...recorded.result, has_nsfw_concepts: [true] },
    { status: 'rejected', code: 'moderation', message: 'the safety checker of the provider withheld every output' },
  ],
  'invalid input': [422, recorded.invalidInput, invalid],
  moderated: [422, recorded.moderated, moderated],
  'a model behind it failed': [422, recorded.downstream, failed],
  'a runner failed': [500, { ...recorded.downstream, error_type: 'runner_error' }, failed],
  'it took too long': [504, { detail: 'Request timed out', error_type: 'request_timeout' }, timeout],
  canceled: [400, { detail: 'Request was cancelled', error_type: 'client_cancelled' }, { status: 'canceled' }],
};

const polls: ProviderFixture['polls'] = {
  'in queue': { answers: [{ status: 202, body: recorded.queued }], verdict: { status: 'pending' } },
  'in progress': { answers: [{ status: 202, body: recorded.inProgress }], verdict: { status: 'pending' } },
};
for (const [name, [status, body, verdict]] of Object.entries(ended)) {
  polls[name] = {
    answers: [
      { status: 200, body: recorded.completed },
      { status, body },
    ],
    verdict,
  };
}
for (const status of [401, 404, 429, 502]) {
  const answers = [
    { status: 200, body: recorded.completed },
    { status, body: recorded.throttled },
  ];
  const message = status === 502 ? recorded.throttled.detail : `the provider answered ${status} to a poll`;
  polls[`completed, but ${status} for the result`] = { answers, verdict: { status: 'ambiguous', message } };
}
polls['completed, but not to be had yet'] = {
  answers: [
    { status: 200, body: recorded.completed },
    { status: 400, body: { detail: 'Request is still in progress' } },
  ],
  verdict: { status: 'pending' },
};

const hook = (change: object) => ({ request_id: REQUEST_ID, gateway_request_id: REQUEST_ID, ...change });
const hooks: ProviderFixture['hooks'] = {
  'nothing but an error': {
    body: { request_id: REQUEST_ID, status: 'ERROR', error: 'Runner disconnected' },
    verdict: { status: 'failed', code: 'failed', message: 'Runner disconnected' },
  },
  'a result that did not fit': {
    body: hook({ status: 'OK', payload: null, payload_error: 'Response payload is not JSON serializable.' }),
    verdict: { status: 'ambiguous', message: 'Response payload is not JSON serializable.' },
  },
};
for (const [name, [status, payload, verdict]] of Object.entries(ended)) {
  const error = status === 200 ? null : `Unexpected status code: ${status}`;
  hooks[name] = { body: hook({ status: error ? 'ERROR' : 'OK', error, payload }), verdict };
}

async function signHook(body: string, at: number, requestId = REQUEST_ID) {
  const timestamp = String(Math.floor(at));
  const lines = [requestId, 'github|123', timestamp, toHex(await sha256(body))].join('\n');
  const signature = await crypto.subtle.sign('Ed25519', pair.privateKey, toBytes(lines));
  const headers = {
    'x-fal-webhook-request-id': requestId,
    'x-fal-webhook-user-id': 'github|123',
    'x-fal-webhook-timestamp': timestamp,
    'x-fal-webhook-signature': toHex(new Uint8Array(signature)),
  };
  return { headers, publicKeys: async () => [pair.publicKey] };
}

testProvider({
  module: fal,
  model: 'fal-ai/flux/dev',
  authorization: 'Key KEY',
  requestId: REQUEST_ID,
  accepted: { status: 200, body: recorded.queued },
  ownError: (status) => {
    if (status === 401 || status === 403) return recorded.unauthenticated;
    if (status === 402) return recorded.locked;
    if (status === 422) return recorded.invalidInput;
    return status === 429 ? recorded.throttled : recorded.serverError;
  },
  polls,
  hooks,
  signHook,
  hookOf: (id) => hook({ request_id: id, status: 'OK', error: null, payload: recorded.result }),
});

describe('quirks', () => {
  const create = (fetch: (url: string | URL, init?: RequestInit) => Promise<Response>) =>
    fal.create({ key: 'id:secret', fetch, now: () => 0 });
  const request = { model: 'fal-ai/flux/dev', input: {}, outputs: 1, kind: 'image', attemptId: 'att_1' } as const;

  test('submits to the whole endpoint, asks at its first two segments', async () => {
    const urls: string[] = [];
    const { start, status, cancel } = create(async (url, init) => {
      urls.push(`${init?.method} ${url}`);
      return Response.json(urls.length === 2 ? recorded.completed : recorded.queued);
    });
    const model = 'fal-ai/minimax/hailuo-02/standard/image-to-video';
    await start({ ...request, model, hookUrl: 'https://h.example/x?y=1' });
    const state = { request_id: REQUEST_ID, model, kind: 'video' } as const;
    await status(state);
    await cancel?.(state);
    const base = `https://queue.fal.run/fal-ai/minimax/requests/${REQUEST_ID}`;
    expect(urls).toEqual([
      `POST https://queue.fal.run/${model}?fal_webhook=https%3A%2F%2Fh.example%2Fx%3Fy%3D1`,
      `GET ${base}/status?logs=0`,
      `GET ${base}`,
      `PUT ${base}/cancel`,
    ]);
  });

  test('says «no balance» with a 403', async () => {
    const { start, check } = create(async () => Response.json(recorded.locked, { status: 403 }));
    expect(await start(request)).toMatchObject({ status: 'out_of_credit' });
    expect(await check()).toMatchObject({ result: 'out_of_credit' });
  });

  test('an unknown request means a known key', async () => {
    const { check } = create(async () => Response.json({ detail: 'Request not found' }, { status: 404 }));
    expect(await check()).toMatchObject({ result: 'valid' });
  });

  test('an id that is no endpoint is never sent', async () => {
    const { start } = create(() => Promise.reject(new Error('must not be called')));
    expect(await start({ ...request, model: 'nonsense' })).toMatchObject({ status: 'refused', httpStatus: 0 });
  });

  test('a request that fal retried is known by the queue’s id or the last try’s', async () => {
    const body = JSON.stringify(hook({ gateway_request_id: 'retry-1', status: 'OK', payload: recorded.result }));
    const receive = async (header: string, requestId?: string) =>
      fal.verifyHook({ ...(await signHook(body, 1_000, header)), body, now: 1_000_000, kind: 'image', requestId });
    expect(await receive('retry-1', REQUEST_ID)).toMatchObject({
      ok: true,
      requestId: REQUEST_ID,
      userId: 'github|123',
    });
    expect(await receive(REQUEST_ID)).toMatchObject({ ok: true, requestId: REQUEST_ID });
    expect(await receive('somebody-else')).toEqual({ ok: false, reason: 'request_id' });
  });

  test('a signature of another key is none, and without keys there is no judging', async () => {
    const body = JSON.stringify(hook({ status: 'OK', payload: recorded.result }));
    const signed = await signHook(body, 1_000);
    const foreign = await generate();
    const request = { headers: signed.headers, body, now: 1_000_000, kind: 'image' as const };
    const verify = (publicKeys: () => Promise<CryptoKey[]>) => fal.verifyHook({ ...request, publicKeys });
    expect(await verify(async () => [foreign.publicKey])).toEqual({ ok: false, reason: 'signature' });
    expect(await verify(async () => [foreign.publicKey, pair.publicKey])).toMatchObject({ ok: true });
    expect(await verify(() => Promise.reject(new Error('down')))).toEqual({ ok: false, reason: 'keys_unavailable' });
  });
});
