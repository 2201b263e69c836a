import { expect, test } from 'vitest';
import { isAllowedOutput, readOutputs } from './outputs.ts';
import type { MediaKind } from './types.ts';

const hosts = ['media.test', '*.media.test', 'bucket.test/ours/'];
const read = (result: unknown, kind: MediaKind = 'image') => {
  const verdict = readOutputs(result, { kind, hosts });
  return verdict.status === 'succeeded' ? verdict.outputs : verdict.code;
};
const a = 'https://media.test/a.png';
const b = 'https://x.media.test/b.png';
const png = `iVBORw0KGgo${'A'.repeat(80)}`;

test.each([
  ['a URL', a, [{ kind: 'image', url: a }]],
  [
    'a list',
    [a, b],
    [
      { kind: 'image', url: a },
      { kind: 'image', url: b },
    ],
  ],
  [
    'an object of lists',
    { images: [{ url: a }, b], seed: 0 },
    [
      { kind: 'image', url: a },
      { kind: 'image', url: b },
    ],
  ],
  ['a file', { image: { url: a, width: 8, height: 0 } }, [{ kind: 'image', url: a, width: 8 }]],
  [
    'a data URI',
    `data:image/webp;base64,AAAA`,
    [{ kind: 'image', dataUri: 'data:image/webp;base64,AAAA', contentType: 'image/webp' }],
  ],
  ['bare base64', [png], [{ kind: 'image', dataUri: `data:image/png;base64,${png}`, contentType: 'image/png' }]],
  [
    'OpenAI’s base64',
    { data: [{ b64_json: png }] },
    [{ kind: 'image', dataUri: `data:image/png;base64,${png}`, contentType: 'image/png' }],
  ],
  [
    'an SVG',
    { images: [{ url: a, content_type: 'image/svg+xml' }] },
    [{ kind: 'vector', url: a, contentType: 'image/svg+xml' }],
  ],
  ['nothing', null, 'no_output'],
  ['an empty list', [], 'no_output'],
  ['prose', 'sorry', 'no_output'],
  ['somebody else’s URL', ['https://evil.test/a.png'], 'output_refused'],
  ['one foreign among ours', [a, 'https://evil.test/a.png'], 'output_refused'],
] as [string, unknown, unknown][])('%s', (_, result, expected) => {
  expect(read(result)).toEqual(expected);
});

test('takes the film, not the preview picture beside it', () => {
  const result = { preview_image: { url: b }, video: { url: a, content_type: 'video/mp4' }, seed: 0 };
  expect(read(result, 'video')).toEqual([{ kind: 'video', url: a, contentType: 'video/mp4' }]);
});

test('joins text that came in pieces', () => {
  expect(read(['Hel', 'lo', ''], 'text')).toEqual([{ kind: 'text', text: 'Hello' }]);
  expect(read({ output: 'Hello' }, 'text')).toEqual([{ kind: 'text', text: 'Hello' }]);
  expect(read('', 'text')).toBe('no_output');
});

test.each([
  ['https://media.test/x', true],
  ['https://a.b.media.test/x', true],
  ['https://bucket.test/ours/x', true],
  ['https://bucket.test/theirs/x', false],
  ['https://bucket.test/ours/../theirs/x', false],
  ['https://evilmedia.test/x', false],
  ['https://media.test.evil.test/x', false],
  ['https://media.test@evil.test/x', false],
  ['https://user@media.test/x', false],
  ['https://media.test:8443/x', false],
  ['http://media.test/x', false],
  ['http://127.0.0.1:9/x', true],
  ['http://127.0.0.1:99/x', false],
  ['nonsense', false],
])('%s may be an output: %s', (url, allowed) => {
  expect(isAllowedOutput(url, hosts, ['http://127.0.0.1:9'])).toBe(allowed);
});
