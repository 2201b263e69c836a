import { describe, expect, test, vi } from 'vitest';
import { encodeSecret } from '../../shared/signatures/secret.ts';
import { createApp } from './app.ts';
import { fakeWorker, NOW, work } from './testing/fakes.ts';
import { call, type Fake, pathOf, untouched } from './testing/hook-calls.ts';

describe('the secret of the key’s account', () => {
  const whsec = encodeSecret(new Uint8Array(32).fill(9));
  const replicate = (overrides = {}) => {
    const fake = fakeWorker({}, overrides);
    const { adapter } = fake.provider;
    const deps = { ...fake.deps, adapter: (id: string) => (id === 'replicate' ? adapter : undefined) };
    return { fake, deps };
  };
  const bare = { open: vi.fn(async () => ({ key: 'r8_x', config: {}, key_id: 'key_1', version: 1 })) };

  async function secretsSeen(deps: Fake['deps'], fake: Fake, times = 1) {
    const app = createApp(deps);
    const path = await pathOf(work({ provider: 'replicate' }));
    for (let n = 0; n < times; n++) await call({ ...fake, app }, {}, path);
    return fake.provider.verifyHook.mock.calls.map(([request]) => request.secrets);
  }

  test('is fetched with the key once, and remembered', async () => {
    const fetch = vi.fn(async () => Response.json({ key: whsec }));
    const { fake, deps } = replicate({ fetch, keys: bare });
    expect((await secretsSeen(deps, fake, 3)).every((secrets) => secrets?.[0] === whsec)).toBe(true);
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      'https://api.replicate.com/v1/webhooks/default/secret',
      expect.objectContaining({ headers: { authorization: 'Bearer r8_x' }, redirect: 'manual' }),
    );
  });

  test('is asked for again when it no longer fits, at most once a minute', async () => {
    const fetch = vi.fn(async () => Response.json({ key: whsec }));
    let now = NOW;
    const { fake, deps } = replicate({ fetch, keys: bare, now: () => now });
    fake.provider.verifyHook.mockResolvedValue({ ok: false, reason: 'signature' });
    await secretsSeen(deps, fake, 5);
    expect(fetch).toHaveBeenCalledTimes(1);
    const app = createApp(deps);
    const path = await pathOf(work({ provider: 'replicate' }));
    await call({ ...fake, app }, {}, path);
    now += 61_000;
    await call({ ...fake, app }, {}, path);
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  test('that stands with the key is taken as it is', async () => {
    const { fake, deps } = replicate();
    expect((await secretsSeen(deps, fake))[0]).toEqual(['whsec_acme']);
    expect(fake.deps.fetch).not.toHaveBeenCalled();
  });

  test('that cannot be fetched is 503', async () => {
    const { fake, deps } = replicate({ keys: bare, fetch: vi.fn(async () => new Response('no', { status: 500 })) });
    const path = await pathOf(work({ provider: 'replicate' }));
    expect((await call({ ...fake, app: createApp(deps) }, {}, path)).status).toBe(503);
    untouched(fake);
  });
});
