import { expect, test, vi } from 'vitest';
import type { EnvironmentKey } from '../../shared/db/keys.ts';
import { ok } from '../../shared/errors/result.ts';
import { createLog } from '../../shared/log/log.ts';
import { loadKeyring } from '../../shared/seal/keyring.ts';
import { encodeSecret } from '../../shared/signatures/secret.ts';
import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';
import { createApp } from './app.ts';
import type { KeysDeps } from './deps.ts';
import { fingerprint } from './fingerprint.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const secret = encodeSecret(new Uint8Array(32).fill(3));
const KEY = 'c4n4ry-id:c4n4ry-secret';

async function worker() {
  const lines: string[] = [];
  const mirrorEnvironment = vi.fn(async (_keys: EnvironmentKey[]) => ok({ added: 1, removed: 0 }));
  const app = createApp({
    db: { mirrorEnvironment } as unknown as KeysDeps['db'],
    keyring: await loadKeyring({ current: btoa('k'.repeat(32)) }),
    env: { FAL_KEY: KEY },
    verifyUser: async () => ({ ok: false, refusal: { code: 'unauthenticated' } }),
    fetch: async () => new Response(null, { status: 500 }),
    sleep: async () => {},
    allowedOrigins: [],
    localOrigins: [],
    origin: 'https://darkroom.test',
    signingSecret: secret,
    now: () => NOW,
    log: createLog({ worker: 'keys', write: (line) => lines.push(line) }),
  });
  return { app, lines, mirrorEnvironment };
}

const signed = async (timestamp = NOW / 1000) => ({
  method: 'POST',
  body: '{}',
  headers: await signedHeaders({ id: 'mirror_1', timestamp, body: '{}', secret }),
});

test('mirrors names, fingerprints and last digits, never a key', async () => {
  const { app, lines, mirrorEnvironment } = await worker();
  const response = await app.request('/internal/keys/mirror', await signed());
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ added: 1, removed: 0 });
  const [keys] = mirrorEnvironment.mock.calls[0] ?? [];
  expect(keys).toEqual([
    { provider: 'fal', env_name: 'FAL_KEY', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), last4: 'cret' },
    { provider: 'pollinations', env_name: 'POLLINATIONS_API_KEY', fingerprint: expect.any(String), last4: '' },
  ]);
  expect(JSON.stringify(keys) + lines.join()).not.toContain(KEY);
});

test.each([
  ['unsigned', { method: 'POST', body: '{}' }],
  ['unsigned GET', {}],
])('%s is 401, and nothing is mirrored', async (_name, init) => {
  const { app, mirrorEnvironment } = await worker();
  for (const path of ['/internal/keys/mirror', '/internal/keys/open', '/internal/anything']) {
    const response = await app.request(path, init);
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  }
  expect(mirrorEnvironment).not.toHaveBeenCalled();
});

test('a stale signature is 401', async () => {
  const { app, mirrorEnvironment } = await worker();
  expect((await app.request('/internal/keys/mirror', await signed(NOW / 1000 - 121))).status).toBe(401);
  expect(mirrorEnvironment).not.toHaveBeenCalled();
});

test('keys cannot be opened over HTTP, signed or not', async () => {
  const { app } = await worker();
  expect((await app.request('/internal/keys/open', await signed())).status).toBe(404);
});

test('what is not there is a problem', async () => {
  const { app } = await worker();
  const response = await app.request('/v1/nothing-here');
  expect(response.status).toBe(404);
  expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  expect(await response.json()).toMatchObject({ code: 'not_found' });
});

test('a fingerprint is the start of the SHA-256 of the key, whatever secrets we have', async () => {
  expect(await fingerprint('abc')).toBe('ba7816bf8f01cfea');
  expect(await fingerprint('abd')).not.toBe(await fingerprint('abc'));
});
