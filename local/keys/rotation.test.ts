import { expect, test } from 'vitest';
import { type Page, report, rotateAll } from './rotation.ts';

const page = (more: Partial<Page> = {}): Page => ({
  rewrapped: 0,
  changed_meanwhile: 0,
  failed: [],
  next: null,
  key_encryption_key: 'aaaa1111',
  previous_key_encryption_key: 'bbbb2222',
  ...more,
});

/** Rotates against a Worker that gives these answers; what was asked, and what is printed. */
async function rotated(...pages: (Page | Response)[]) {
  const asked: unknown[] = [];
  const rotation = await rotateAll(async (body) => {
    asked.push(JSON.parse(body).after);
    const answer = pages.shift();
    return answer instanceof Response ? answer : Response.json(answer);
  });
  return { asked, said: report(rotation).split('\n') };
}

test('page after page, and once more until nothing is left', async () => {
  const next = { store: 0, key_id: 'key_1', version: 1 };
  expect(await rotated(page({ rewrapped: 50, next }), page({ rewrapped: 2 }))).toEqual({
    asked: [null, next],
    said: [
      'The Worker wraps under the key-encryption key aaaa1111, and opens under bbbb2222 too.',
      '52 rewrapped, 0 could not be opened.',
      'Run it again: once this says 0 and 0, KEY_ENCRYPTION_KEY_PREVIOUS can go.',
    ],
  });
  const { said } = await rotated(page());
  expect(said.slice(1)).toEqual([
    '0 rewrapped, 0 could not be opened.',
    'Nothing is left under another one: KEY_ENCRYPTION_KEY_PREVIOUS can go.',
  ]);
});

test('where the Worker has no previous key, nothing is said to be done', async () => {
  const { said } = await rotated(page({ previous_key_encryption_key: null }));
  expect(said).toEqual([
    'The Worker wraps under the key-encryption key aaaa1111.',
    'Nothing to rotate: KEY_ENCRYPTION_KEY_PREVIOUS is not set.',
  ]);
});

test('one key under both names is no rotation', async () => {
  const { said } = await rotated(page({ previous_key_encryption_key: 'aaaa1111' }));
  expect(said.at(-1)).toBe('Nothing to rotate: KEY_ENCRYPTION_KEY and KEY_ENCRYPTION_KEY_PREVIOUS are the same.');
});

test.each([null, 'bbbb2222'])('what did not open needs its key back, with %s beside', async (previous) => {
  const { said } = await rotated(
    page({ rewrapped: 3, failed: ['key_1', 'key_2'], previous_key_encryption_key: previous }),
  );
  expect(said[1]).toBe('3 rewrapped, 2 could not be opened: key_1, key_2.');
  expect(said[2]).toMatch(/^Put the key-encryption key that these were sealed under back/);
  expect(said.join()).not.toMatch(/can go|Nothing to rotate/);
});

test('a Worker that is being deployed is no proof', async () => {
  const { said } = await rotated(page({ next: {} }), page({ key_encryption_key: 'cccc3333' }));
  expect(said).toEqual([expect.stringContaining('(aaaa1111, cccc3333): a deploy is under way. Run it again.')]);
});

test.each([
  [401, 'INTERNAL_SIGNING_SECRET must be the one that the Worker keys has'],
  [503, 'Run it again: what is wrapped anew stays so'],
])('%i is told with a way out', async (status, wayOut) => {
  for (const answer of [new Response('no', { status }), Response.json({ detail: 'no', status }, { status })])
    await expect(rotated(answer)).rejects.toMatchObject({
      name: 'Problem',
      message: `The rotation stopped: ${status} no`,
      wayOut,
    });
});
