import { describe, expect, test } from 'vitest';
import { environmentKey, environmentKeys } from './environment-keys.ts';

const pool = (env: Record<string, unknown>, provider: string) =>
  environmentKeys(env)
    .filter((key) => key.provider === provider)
    .map(({ envName, key }) => `${envName}=${key}`);

test('synonyms and numbers form one pool, in the order of names and numbers', () => {
  const env = {
    REPLICATE_API_KEY: 'd',
    REPLICATE_API_TOKEN_10: 'c',
    REPLICATE_API_TOKEN_2: 'b',
    REPLICATE_API_TOKEN: 'a',
  };
  expect(pool(env, 'replicate')).toEqual([
    'REPLICATE_API_TOKEN=a',
    'REPLICATE_API_TOKEN_2=b',
    'REPLICATE_API_TOKEN_10=c',
    'REPLICATE_API_KEY=d',
  ]);
});

test.each([
  ['fal', 'FAL_KEY'],
  ['fal', 'FAL_API_KEY_3'],
  ['google', 'GEMINI_API_KEY'],
  ['google', 'GOOGLE_API_KEY_1'],
  ['openrouter', 'OPENROUTER_API_KEY_2'],
  ['kie', 'KIE_API_KEY'],
  ['elevenlabs', 'ELEVENLABS_API_KEY'],
  ['openai', 'OPENAI_API_KEY'],
  ['openai', 'SORA_API_KEY'],
  ['piapi', 'PIAPI_API_KEY'],
  ['nvidia', 'NVIDIA_API_KEY_1'],
  ['fireworks', 'FIREWORKS_API_KEY_1'],
  ['together', 'TOGETHER_API_KEY_1'],
  ['segmind', 'SEGMIND_API_KEY_1'],
  ['deepinfra', 'DEEPINFRA_API_KEY_1'],
  ['huggingface', 'HUGGINGFACE_API_KEY_1'],
  ['anthropic', 'ANTHROPIC_API_KEY'],
  ['bfl', 'FLUX_API_KEY'],
  ['tencent', 'HUNYUAN_API_KEY'],
  ['alibaba', 'WAN_API_KEY'],
  ['bytedance', 'SEEDREAM_API_KEY'],
])('%s is served by %s', (provider, name) => {
  expect(pool({ [name]: 'x' }, provider)).toEqual([`${name}=x`]);
});

test.each([
  'FAL_KEY_',
  'FAL_KEY_0',
  'FAL_KEY_01',
  'FAL_KEY_OLD',
  'FAL_KEY_1_2',
  'MY_FAL_KEY',
  'fal_key',
  'CLOUDINARY_API_KEY',
])('%s is no key of a provider', (name) => {
  expect(environmentKeys({ [name]: 'x' }).filter(({ key }) => key === 'x')).toEqual([]);
});

test('the same key under two names counts once, empty ones not at all', () => {
  const env = {
    FAL_KEY: 'a',
    FAL_API_KEY: 'a',
    FAL_KEY_1: ' ',
    FAL_KEY_2: '',
    FAL_KEY_3: undefined,
    FAL_KEY_4: ' b\n',
  };
  expect(pool(env, 'fal')).toEqual(['FAL_KEY=a', 'FAL_KEY_4=b']);
});

test('a provider that needs no key has a row all the same', () => {
  expect(environmentKeys({})).toEqual([{ provider: 'pollinations', envName: 'POLLINATIONS_API_KEY', key: '' }]);
  expect(pool({ POLLINATIONS_API_KEY_1: 'x' }, 'pollinations')).toEqual(['POLLINATIONS_API_KEY_1=x']);
});

describe('reading one', () => {
  const env = {
    KLING_API_KEY_2: 'access',
    KLING_API_SECRET_2: 'secret',
    KLING_API_SECRET: 'another',
    REPLICATE_API_TOKEN: 'r8_x',
    REPLICATE_WEBHOOK_SECRET: 'whsec_x',
    INTERNAL_SIGNING_SECRET: 'whsec_internal',
  };

  test('comes with what stands beside it under the same number', () => {
    expect(environmentKey(env, 'kling', 'KLING_API_KEY_2')).toEqual({ key: 'access', secret: 'secret' });
    expect(environmentKey(env, 'replicate', 'REPLICATE_API_TOKEN')).toEqual({ key: 'r8_x', webhookSecret: 'whsec_x' });
  });

  test('gives out nothing that is no key of that provider', () => {
    expect(environmentKey(env, 'fal', 'KLING_API_KEY_2')).toBeNull();
    expect(environmentKey(env, 'kling', 'INTERNAL_SIGNING_SECRET')).toBeNull();
    expect(environmentKey(env, 'kling', 'KLING_API_KEY')).toBeNull();
    expect(environmentKey(env, 'toString', 'KLING_API_KEY_2')).toBeNull();
    expect(environmentKey(env, 'pollinations', 'POLLINATIONS_API_KEY')).toEqual({ key: '' });
  });
});
