import { expect, test, vi } from 'vitest';
import { usualWait } from './check-after.ts';
import { openProvider } from './open-provider.ts';
import { runAttempt } from './run-attempt.ts';
import { claimed, fakeDeps, fakeProvider, fakeWorker } from './testing/fakes.ts';

const ENDPOINT = 'https://acme--flux.modal.run/v1/';
const own = (endpoint_url = ENDPOINT) => claimed({ candidate: { ...claimed().candidate, endpoint_url } });

test('somebody’s own endpoint stands in for the provider: its address, its outputs, its key', async () => {
  const { deps, provider } = fakeWorker();
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
  const { deps, provider } = fakeWorker();
  expect(await openProvider(deps, own(url))).toMatchObject({ ok: false, reason: 'unavailable' });
  expect(provider.create).not.toHaveBeenCalled();
});

test('what it redirects to is not followed elsewhere', async () => {
  const provider = fakeProvider();
  const fetch = vi.fn(async () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }));
  await openProvider(fakeDeps({ adapter: () => provider.adapter, fetch }), own());
  const [options] = provider.create.mock.calls[0] as unknown as [{ fetch: typeof globalThis.fetch }];
  await expect(options.fetch(`${ENDPOINT}predictions`, { method: 'POST' })).rejects.toThrow('redirect');
  expect(fetch).toHaveBeenCalledTimes(1);
});

test('it is polled: nobody vouches for its webhooks', async () => {
  const { deps, provider } = fakeWorker();
  await runAttempt(deps, own());
  expect(provider.start).toHaveBeenCalledWith(expect.not.objectContaining({ hookUrl: expect.anything() }));
  expect(usualWait(deps, own())).toBeLessThan(usualWait(deps, claimed()));
});
