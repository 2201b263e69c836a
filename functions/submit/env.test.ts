import { expect, test } from 'vitest';
import { localOrigins, parseEnv } from './env.ts';

const raw = {
  ENVIRONMENT: 'local',
  PUBLIC_ORIGIN: 'http://127.0.0.1:8787/',
  LOCAL_ORIGINS: 'http://127.0.0.1:9001, http://127.0.0.1:9002',
  SUPABASE_URL: 'http://127.0.0.1:9003',
  SUPABASE_ANON_KEY: 'anon',
  SUPABASE_ROLE_TOKEN: 'token',
  SUPABASE_JWT_ISSUER: 'http://127.0.0.1:9003/auth/v1',
  SUPABASE_JWKS_URL: 'http://127.0.0.1:9003/auth/v1/.well-known/jwks.json',
  QSTASH_URL: 'http://127.0.0.1:9004',
  QSTASH_TOKEN: 'token',
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9005',
  UPSTASH_REDIS_REST_TOKEN: 'token',
};

test('origins lose their slash, lists their blanks', () => {
  const env = parseEnv(raw);
  expect(env.PUBLIC_ORIGIN).toBe('http://127.0.0.1:8787');
  expect(env.ALLOWED_ORIGINS).toEqual([]);
  expect(localOrigins(env).localMediaOrigins).toEqual(['http://127.0.0.1:9001', 'http://127.0.0.1:9002']);
});

test('webhooks may be narrowed to the inbox', () => {
  expect(localOrigins(parseEnv(raw)).localWebhookOrigins).toHaveLength(2);
  const narrowed = parseEnv({ ...raw, LOCAL_WEBHOOK_ORIGINS: 'http://127.0.0.1:9001' });
  expect(localOrigins(narrowed).localWebhookOrigins).toEqual(['http://127.0.0.1:9001']);
});

test('in production nothing local passes, whatever the variables say', () => {
  const env = parseEnv({ ...raw, ENVIRONMENT: 'production', LOCAL_WEBHOOK_ORIGINS: 'http://127.0.0.1:9001' });
  expect(localOrigins(env)).toEqual({ localMediaOrigins: [], localWebhookOrigins: [] });
});

test('what is wrong is named, and no value is shown', () => {
  const broken = () => parseEnv({ ...raw, QSTASH_TOKEN: '', SUPABASE_URL: 'hunter2' });
  expect(broken).toThrow('Environment: SUPABASE_URL, QSTASH_TOKEN');
});
