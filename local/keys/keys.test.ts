import { stripVTControlCharacters } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { tryEnvironment } from './environment.ts';
import { keyTable, type TriedKey } from './table.ts';
import { wantedOfAll, wantedProviders } from './wanted.ts';

afterEach(() => vi.unstubAllGlobals());

test.each<[string | undefined, string[]]>([
  ['replicate', ['replicate']],
  ['Google Gemini', ['google']],
  ['flux-dev', ['replicate', 'fal']],
  ['fal-ai/flux/dev', ['fal']],
  ['vision-nova', ['replicate']],
  ['openrouter-flux-1.1-pro', ['openrouter']],
  ['nobody', []],
])('%s means %j', (name, providers) => {
  expect(wantedProviders(name)).toEqual(providers);
});

test('every provider for nothing', () => {
  expect(wantedProviders().length).toBeGreaterThan(30);
});

test('several names, and each that nobody knows', () => {
  expect(wantedOfAll(['fal', 'replicate'])).toEqual({ providers: ['fal', 'replicate'], unknown: [] });
  expect(wantedOfAll(['flux-dev', 'fal', 'openai']).providers).toEqual(['replicate', 'fal', 'openai']);
  expect(wantedOfAll(['fal', 'nobody', '--all', '']).unknown).toEqual(['nobody', '--all', '']);
  expect(wantedOfAll([])).toEqual({ providers: wantedProviders(), unknown: [] });
});

test('tries each key of a pool once, at its endpoint, with its own secret', async () => {
  const asked: string[] = [];
  const answer = async (url: string | URL, init?: RequestInit) => {
    const { authorization, 'x-api-key': key } = Object.fromEntries(new Headers(init?.headers));
    asked.push(`${url} ${authorization ?? key}`);
    return Response.json({}, { status: authorization?.endsWith('bad') ? 401 : 200 });
  };
  vi.stubGlobal('fetch', answer);
  const env = {
    OPENAI_API_KEY_1: 'sk-good-good-good',
    OPENAI_API_KEY_2: 'sk-bad',
    OPENAI_ENDPOINT: 'https://proxy.example/v1',
  };
  const tried = await tryEnvironment({ ...env, SEGMIND_API_KEY: 'SG_other' }, ['openai']);
  expect(tried).toMatchObject([
    { where: 'OPENAI_API_KEY_1', result: 'valid', last4: 'good' },
    { where: 'OPENAI_API_KEY_2', result: 'invalid', last4: '' },
  ]);
  expect(asked).toEqual(
    ['Bearer sk-good-good-good', 'Bearer sk-bad'].map((key) => `https://proxy.example/v1/models ${key}`),
  );
});

test('a table that lines up', () => {
  const key = { provider: 'fal', where: 'FAL_KEY', last4: 'cret', ms: 12, message: 'fal accepts this key' };
  const keys: TriedKey[] = [
    { ...key, result: 'valid' },
    {
      ...key,
      provider: 'replicate',
      where: 'REPLICATE_API_TOKEN_1',
      last4: '',
      result: 'invalid',
      message: 'Unauthenticated',
    },
  ];
  expect(stripVTControlCharacters(keyTable(keys)).split('\n')).toEqual([
    'PROVIDER   WHERE                  KEY    RESULT   MS  SAYS',
    'fal        FAL_KEY                …cret  valid    12  fal accepts this key',
    'replicate  REPLICATE_API_TOKEN_1         invalid  12  Unauthenticated',
  ]);
});
