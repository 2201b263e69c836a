import { expect, test, vi } from 'vitest';
import type { StoreRequest } from '../../shared/cloudinary/types.ts';
import { createStoreAsset } from './store-asset.ts';
import { storedAs } from './testing/fakes.ts';

const EMULATOR = 'http://127.0.0.1:7001';

function storage(fetch = vi.fn(async () => new Response('png', { headers: { 'content-type': 'image/png' } }))) {
  const store = vi.fn(async ({ publicId }: StoreRequest) => storedAs(publicId));
  const storeAsset = createStoreAsset({ cloudinary: { store }, fetch, unreachable: [EMULATOR] });
  return {
    fetch,
    store,
    save: (source: StoreRequest['source']) => storeAsset({ publicId: 'p', kind: 'image', source }),
  };
}

test.each([{ url: 'https://cdn.acme.test/1.png' }, { dataUri: 'data:image/png;base64,AA==' }])(
  '%o goes up as it is',
  async (source) => {
    const { fetch, store, save } = storage();
    expect(await save(source)).toEqual(storedAs('p'));
    expect(store).toHaveBeenCalledExactlyOnceWith({ publicId: 'p', kind: 'image', source });
    expect(fetch).not.toHaveBeenCalled();
  },
);

test('what the store cannot reach is streamed through', async () => {
  const { store, save } = storage();
  expect(await save({ url: `${EMULATOR}/files/1.png` })).toEqual(storedAs('p'));
  expect(store).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ source: { bytes: expect.any(ReadableStream), contentType: 'image/png' } }),
  );
});

test.each([
  ['an error', async () => new Response('no', { status: 500 })],
  ['a redirect', async () => new Response(null, { status: 302 })],
  ['nothing', () => Promise.reject(new Error('reset'))],
])('%s instead of the result is no verdict on it', async (_name, answer) => {
  const { store, save } = storage(vi.fn(answer));
  expect(await save({ url: `${EMULATOR}/files/1.png` })).toMatchObject({ ok: false, reason: 'unavailable' });
  expect(store).not.toHaveBeenCalled();
});
