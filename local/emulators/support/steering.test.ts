import { expect, test } from 'vitest';
import { isFault, looksLikePreview, promptOf, steer } from './steering.ts';

const calm = {
  connection: 'kept',
  outcome: 'succeeds',
  deliveries: 1,
  badSignature: false,
  badMedia: false,
  expired: false,
};
const read = (prompt: string, input = {}) => steer({ prompt, input });

test.each([
  ['a cat', {}],
  ['#fail', { outcome: 'fails' }],
  ['#reject', { refuse: '422' }],
  ['a cat #429, please', { refuse: '429' }],
  ['#500', { refuse: '500' }],
  ['#nsfw', { outcome: 'moderated' }],
  ['#slow=8', { seconds: 8 }],
  ['#slow=0.5', { seconds: 0.5 }],
  ['#hang', { outcome: 'hangs' }],
  ['#lost', { connection: 'lost' }],
  ['#lost-silent', { connection: 'lost', outcome: 'hangs' }],
  ['#dup=20', { deliveries: 20 }],
  ['#badsig', { badSignature: true }],
  ['#nohook', { deliveries: 0 }],
  ['#badmedia', { badMedia: true }],
  ['#slow=2 then #fail', { seconds: 2, outcome: 'fails' }],
])('%s', (prompt, change) => {
  expect(read(prompt)).toEqual({ ...calm, ...change });
});

test.each([
  'a #failure',
  'b#fail',
  'https://example.com/x#fail',
  '#555 grey',
  '#lost-cause',
  '#402',
  '##fail',
  '#fail-safe',
])('means nothing: %s', (prompt) => {
  expect(read(prompt)).toEqual(calm);
});

test('a fault set from outside wins over the words and knows more names', () => {
  expect(steer({ prompt: '#fail', input: {}, fault: 'nsfw' }).outcome).toBe('moderated');
  expect(steer({ prompt: '', input: {}, fault: '402' }).refuse).toBe('402');
  expect(steer({ prompt: '', input: {}, fault: 'drop' }).connection).toBe('drop');
  expect(['402', '503', '429-bare', 'timeout', 'moderation', 'drop', 'slow=3'].every(isFault)).toBe(true);
  expect(['', 'nonsense', '200', '1', 'constructor'].some(isFault)).toBe(false);
});

test('#final-fail lets what looks like a preview through', () => {
  expect(read('#final-fail', { megapixels: '0.25' }).outcome).toBe('succeeds');
  expect(read('#final-fail', { resolution: '480p' }).outcome).toBe('succeeds');
  expect(read('#final-fail', { image_size: { width: 512, height: 512 } }).outcome).toBe('succeeds');
  expect(read('#final-fail', { megapixels: '1' }).outcome).toBe('fails');
  expect(read('#final-fail', {}).outcome).toBe('fails');
  expect(looksLikePreview({ image_size: 'square_hd' })).toBe(false);
});

test('the prompt is the first text that models call one', () => {
  expect(promptOf({ prompt: 'a' })).toBe('a');
  expect(promptOf({ text: 'say', seed: 1 })).toBe('say');
  expect(promptOf({ negative_prompt: '#fail', image: 'x' })).toBe('');
});
