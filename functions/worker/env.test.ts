import { expect, test } from 'vitest';
import { endpointOf } from '../../shared/env/provider-variables.ts';
import { parseEnv } from './env.ts';

const env = {
  SUPABASE_URL: 'https://project.supabase.co/',
  SUPABASE_ANON_KEY: 'a',
  SUPABASE_ROLE_TOKEN: 'b',
  PUBLIC_ORIGIN: 'https://darkroom.test/',
  ENVIRONMENT: 'local',
  QSTASH_URL: 'https://qstash.test',
  QSTASH_TOKEN: 'c',
  QSTASH_CURRENT_SIGNING_KEY: 'd',
  QSTASH_NEXT_SIGNING_KEY: 'e',
  INTERNAL_SIGNING_SECRET: 'whsec_x',
  CLOUDINARY_CLOUD_NAME: 'f',
  CLOUDINARY_API_KEY: 'g',
  CLOUDINARY_API_SECRET: 'c4n4ry',
  OUTPUT_ORIGINS: 'http://127.0.0.1:1, http://127.0.0.1:2,',
  REPLICATE_ENDPOINT: 'http://127.0.0.1:1/v1/',
  KEYS: { open: async () => ({ missing: '' }) },
};

test('origins carry no slash, lists no blanks, hooks are on by default', () => {
  expect(parseEnv(env)).toMatchObject({
    PUBLIC_ORIGIN: 'https://darkroom.test',
    OUTPUT_ORIGINS: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
    HOOKS: 'on',
  });
});

test('exceptions for emulators exist locally only', () => {
  expect(parseEnv({ ...env, ENVIRONMENT: 'production' }).OUTPUT_ORIGINS).toEqual([]);
});

test('any provider may have another endpoint', () => {
  const parsed = parseEnv(env);
  expect(endpointOf(parsed, 'replicate')).toBe('http://127.0.0.1:1/v1');
  expect(endpointOf(parsed, 'fal')).toBeUndefined();
});

test('what is missing is named, and no value is', () => {
  const { QSTASH_TOKEN, KEYS, ...rest } = env;
  expect(() => parseEnv({ ...rest, ENVIRONMENT: 'c4n4ry' })).toThrow(
    /^Environment: (?=.*QSTASH_TOKEN)(?=.*KEYS)(?=.*ENVIRONMENT)(?!.*c4n4ry)/,
  );
});
