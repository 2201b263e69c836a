import { vi } from 'vitest';
import { mintSecret, sha256Hex } from '../../../shared/auth/secrets.ts';
import type { KeyMaterial, ProviderKeyRow } from '../../../shared/db/key-service/provider-key-rows.ts';
import type { KeyServiceDatabase } from '../../../shared/db/key-service.ts';
import { refused } from '../../../shared/errors/result.ts';
import { createLog } from '../../../shared/log/log.ts';
import { loadKeyring } from '../../../shared/seal/keyring.ts';
import { toBase64 } from '../../../shared/signatures/bytes.ts';
import { encodeSecret } from '../../../shared/signatures/secret.ts';
import { signedHeaders } from '../../../shared/signatures/standard-webhooks.ts';
import { createApp } from '../app.ts';
import type { KeysDeps } from '../deps.ts';

/** For tests: the Worker `keys` over a database that says what the test wants and remembers what it was asked. */
export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const ORIGIN = 'https://darkroom.test';
export const SIGNING_SECRET = encodeSecret(new Uint8Array(32).fill(3));
export const API_KEY = mintSecret('api_key');
export const CREDENTIAL = { kind: 'api_key', hash: await sha256Hex(API_KEY) };
export const CANARY = 'c4n4ry-id:c4n4ry-secret';
export const KEY_ID = `key_${'0'.repeat(31)}1`;
export const KEK = toBase64(new Uint8Array(32).fill(1));
export const keyring = await loadKeyring({ current: KEK });

export const keyRow = (more: Partial<ProviderKeyRow> = {}) =>
  ({ id: KEY_ID, object: 'provider_key', provider: 'fal', last4: 'cret', version: 1, ...more }) as ProviderKeyRow;

export const material = (more: Partial<KeyMaterial> = {}): KeyMaterial => ({
  key_id: KEY_ID,
  version: 1,
  provider: 'fal',
  owner: 'user:acct_1',
  source: 'sealed',
  stored: 'here',
  env_name: null,
  fingerprint: '',
  api_key: null,
  api_secret: null,
  additional_config: {},
  ...more,
});

type Answers = Partial<{ [fn in keyof KeyServiceDatabase]: (...args: never[]) => unknown }>;
export type DatabaseCall = { fn: keyof KeyServiceDatabase; args: unknown[] };

/** Answers what the test says, `not_found` otherwise, and remembers every call. */
export function fakeDatabase(answers: Answers = {}) {
  const calls: DatabaseCall[] = [];
  const db = new Proxy({} as KeyServiceDatabase, {
    get:
      (_target, fn: keyof KeyServiceDatabase) =>
      async (...args: unknown[]) => {
        calls.push({ fn, args });
        const answer = answers[fn] as ((...args: unknown[]) => unknown) | undefined;
        return answer ? answer(...args) : refused('not_found');
      },
  });
  return { db, calls };
}

export function fakeDeps(answers: Answers = {}, more: Partial<KeysDeps> = {}) {
  const { db, calls } = fakeDatabase(answers);
  const lines: string[] = [];
  const fetch = vi.fn(async (_input: string | URL, _init?: RequestInit) => Response.json({ status: 'IN_QUEUE' }));
  const deps: KeysDeps = {
    db,
    keyring,
    env: {},
    verifyUser: async () => refused('unauthenticated'),
    fetch,
    log: createLog({ worker: 'keys', write: (line) => lines.push(line) }),
    now: () => NOW,
    sleep: async () => {},
    origin: ORIGIN,
    allowedOrigins: ['https://app.test'],
    localOrigins: ['http://127.0.0.1:9001'],
    signingSecret: SIGNING_SECRET,
    ...more,
  };
  return { deps, calls, lines, fetch };
}

type Init = { method?: string; key?: string | null; headers?: Record<string, string>; body?: unknown };

/** An app on fakes, and ways to call it: as a client, and as another part of ours. */
export function fakeApp(answers: Answers = {}, more: Partial<KeysDeps> = {}) {
  const fakes = fakeDeps(answers, more);
  const app = createApp(fakes.deps);
  const call = (path: string, { method, key = API_KEY, headers = {}, body }: Init = {}) =>
    app.request(ORIGIN + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== null && { 'x-api-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const post = async (path: string, value: unknown = {}, timestamp = NOW / 1000) => {
    const body = JSON.stringify(value);
    const headers = await signedHeaders({ id: 'msg_1', timestamp, body, secret: SIGNING_SECRET });
    return app.request(ORIGIN + path, { method: 'POST', body, headers });
  };
  return { ...fakes, app, call, post };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
export const json = async (response: Response): Promise<any> => response.json();
