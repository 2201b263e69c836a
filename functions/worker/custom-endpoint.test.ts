import { expect, test, vi } from 'vitest';
import { usualWait } from './check-after.ts';
import { openProvider } from './open-provider.ts';
import { runAttempt } from './run-attempt.ts';
import { CANARY, claimed, fakeDeps, fakeProvider, fakeWorker } from './testing/fakes.ts';

const ENDPOINT = 'https://acme--flux.modal.run/v1/';
const own = (endpoint_url = ENDPOINT) => claimed({ candidate: { ...claimed().candidate, endpoint_url } });
/** What the vault hands out: a key that was kept with this address, or none at all. */
const vault = (endpoint_url?: string, key = CANARY) => ({
  open: vi.fn(async () => ({ key, config: endpoint_url ? { endpoint_url } : {}, key_id: 'key_1', version: 1 })),
});
const keyless = () => ({ keys: vault(undefined, '') });

test('somebody’s own endpoint stands in for the provider: its address, its outputs, its key', async () => {
  const { deps, provider } = fakeWorker({}, { keys: vault(ENDPOINT) });
  expect(await openProvider(deps, own())).toMatchObject({ ok: true });
  expect(provider.create).toHaveBeenCalledWith(
    expect.objectContaining({
      baseUrl: 'https://acme--flux.modal.run/v1',
      outputOrigins: ['https://acme--flux.modal.run'],
    }),
  );
});

test.each([
  'http://acme.modal.run',
  'https://10.0.0.1/',
  'https://metadata.google.internal/',
  'https://darkroom.test/v1',
])('%s is not asked, and the key is not to blame', async (url) => {
  const { deps, provider } = fakeWorker({}, keyless());
  expect(await openProvider(deps, own(url))).toMatchObject({ ok: false, reason: 'unavailable' });
  expect(provider.create).not.toHaveBeenCalled();
});

test('what it redirects to is not followed elsewhere', async () => {
  const provider = fakeProvider();
  const fetch = vi.fn(async () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }));
  await openProvider(fakeDeps({ adapter: () => provider.adapter, fetch, ...keyless() }), own());
  const [options] = provider.create.mock.calls[0] as unknown as [{ fetch: typeof globalThis.fetch }];
  await expect(options.fetch(`${ENDPOINT}predictions`, { method: 'POST' })).rejects.toThrow('redirect');
  expect(fetch).toHaveBeenCalledTimes(1);
});

test.each([
  ['for the provider', undefined],
  ['for another host', 'https://other.modal.run/v1'],
  ['for another path', 'https://acme--flux.modal.run/v2'],
  ['for another port', 'https://acme--flux.modal.run:8443/v1'],
])('a key that was kept %s is not sent there, whatever the attempt says', async (_what, kept) => {
  const { deps, provider } = fakeWorker({}, { keys: vault(kept) });
  expect(await openProvider(deps, own())).toEqual({
    ok: false,
    reason: 'missing',
    message: 'The key was kept for another address.',
  });
  expect(provider.create).not.toHaveBeenCalled();
});

test('a key goes to the address that it was kept with, also where the attempt names none; without a key the attempt decides', async () => {
  const addresses = async (keys: ReturnType<typeof vault>, work = claimed()) => {
    const { deps, provider } = fakeWorker({}, { keys });
    await openProvider(deps, work);
    const [options] = provider.create.mock.calls[0] as unknown as [{ baseUrl?: string }];
    return options.baseUrl;
  };
  expect(await addresses(vault(ENDPOINT))).toBe('https://acme--flux.modal.run/v1');
  expect(await addresses(vault('https://ACME--flux.modal.run/v1'), own(`${ENDPOINT}?a=1`))).toBe(
    'https://ACME--flux.modal.run/v1',
  );
  expect(await addresses(keyless().keys, own())).toBe('https://acme--flux.modal.run/v1');
  expect(await addresses(vault())).toBeUndefined();
});

test('it is polled: nobody vouches for its webhooks', async () => {
  const { deps, provider } = fakeWorker({}, keyless());
  await runAttempt(deps, own());
  expect(provider.start).toHaveBeenCalledWith(expect.not.objectContaining({ hookUrl: expect.anything() }));
  expect(usualWait(deps, own())).toBeLessThan(usualWait(deps, claimed()));
});
