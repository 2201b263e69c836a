import { expect, test, vi } from 'vitest';
import { readBytes, readUpTo } from './read-bytes.ts';

const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);

const post = (body: BodyInit | null, headers = {}) =>
  new Request('https://darkroom.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

/** A body in pieces, without a length. */
function streamed(pieces: string[], cancel = vi.fn()) {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
    cancel,
  });
  return { request: post(body), cancel };
}

test('puts pieces together, up to the limit and no further', async () => {
  expect(text(await readBytes(streamed(['ab', 'cd']).request, 4))).toBe('abcd');
  expect(await readBytes(streamed(['ab', 'cd', 'e']).request, 4)).toBeNull();
  expect(text(await readBytes(post(null), 4))).toBe('');
});

test('does not wait for more than it needs', async () => {
  const { request, cancel } = streamed(['ab', 'cd', 'ef', 'gh']);
  const { bytes, complete } = await readUpTo(request, 3);
  expect([text(bytes), complete]).toEqual(['abc', false]);
  expect(cancel).toHaveBeenCalledOnce();
});

test('believes a length that says too much, and none that says too little', async () => {
  const says = (length: string) => post('abcdef', { 'content-length': length });
  expect(await readBytes(says('99'), 10)).toBeNull();
  expect(await readBytes(says('1'), 5)).toBeNull();
  expect(text(await readBytes(says('6'), 6))).toBe('abcdef');
});
