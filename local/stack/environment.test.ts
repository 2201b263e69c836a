import { describe, expect, test } from 'vitest';
import { group } from './dev-vars.ts';
import { type Origins, realityOf, workerEnvironment } from './environment.ts';
import { serviceNames } from './names.ts';
import type { Secrets } from './secrets.ts';

const origins = Object.fromEntries(
  ['front', ...serviceNames].map((name) => [name, `http://127.0.0.1/${name}`]),
) as Origins;
const secrets = {
  supabase: {
    anon_key: 'anon',
    role_tokens: { submit: 't-submit', worker: 't-worker', callback: 't-callback', keys: 't-keys' },
  },
  internal_signing_secret: 'whsec_internal',
  webhook_signing_key: 'whsec_master',
  key_encryption_key: 'kek',
  qstash: { token: 'queue' },
  redis: { token: 'cache' },
  cloudinary: { cloud_name: 'local', api_key: '1', api_secret: '2' },
  providers: { REPLICATE_API_TOKEN: 'r8_made_up', FAL_KEY: 'made:up' },
} as Secrets;
const environment = (vars: Record<string, string> = {}) =>
  workerEnvironment({ origins, secrets, vars, queueKeys: { current: 'now', next: 'then' } });

describe('without credentials', () => {
  test('every Worker has a token of its own role', () => {
    const env = environment();
    expect(Object.values(env).map((vars) => vars.SUPABASE_ROLE_TOKEN)).toEqual([
      't-submit',
      't-worker',
      't-callback',
      't-keys',
    ]);
  });

  test('a secret is where it is needed and nowhere else', () => {
    const env = environment();
    const holders = (name: string) => Object.entries(env).flatMap(([worker, vars]) => (name in vars ? [worker] : []));
    expect(holders('WEBHOOK_SIGNING_KEY')).toEqual(['callback']);
    expect(holders('KEY_ENCRYPTION_KEY')).toEqual(['keys']);
    expect(holders('FAL_KEY')).toEqual(['keys']);
    expect(holders('CLOUDINARY_API_SECRET')).toEqual(['worker']);
    expect(holders('INTERNAL_SIGNING_SECRET')).toEqual(['worker', 'callback', 'keys']);
  });

  test('webhooks may go to the inbox only', () => {
    expect(environment().callback.LOCAL_ORIGINS).toBe(origins.inbox);
  });
});

describe('with credentials in .dev.vars', () => {
  test('a real provider is polled without a tunnel, and calls back with one', () => {
    const { worker, keys } = environment({ FAL_KEY: 'real:key', FAL_KEY_2: 'real:too' });
    expect(worker).toMatchObject({ HOOKS: 'off', REPLICATE_ENDPOINT: origins.replicate });
    expect(worker).not.toHaveProperty('FAL_ENDPOINT');
    expect(keys).toMatchObject({ FAL_KEY: 'real:key', FAL_KEY_2: 'real:too', REPLICATE_API_TOKEN: 'r8_made_up' });
    const tunneled = environment({ FAL_KEY: 'real:key', PUBLIC_URL: 'https://tunnel.example/' });
    expect(tunneled.worker).toMatchObject({ HOOKS: 'on', PUBLIC_ORIGIN: 'https://tunnel.example' });
  });

  test('the real queue needs a tunnel', () => {
    const queue = { QSTASH_TOKEN: 'real', QSTASH_CURRENT_SIGNING_KEY: 'a', QSTASH_NEXT_SIGNING_KEY: 'b' };
    expect(environment(queue).submit.QSTASH_URL).toBe(origins.qstash);
    const { submit, worker } = environment({ ...queue, PUBLIC_URL: 'https://tunnel.example' });
    expect(submit).toMatchObject({ QSTASH_URL: 'https://qstash.upstash.io', QSTASH_TOKEN: 'real' });
    expect(worker).toMatchObject({ QSTASH_CURRENT_SIGNING_KEY: 'a', QSTASH_NEXT_SIGNING_KEY: 'b' });
  });

  test('a real store has no endpoint of ours, and its secrets stay out of `keys`', () => {
    const cloud = { CLOUDINARY_CLOUD_NAME: 'c', CLOUDINARY_API_KEY: 'k', CLOUDINARY_API_SECRET: 's' };
    const { worker, keys } = environment(cloud);
    expect(worker).toMatchObject(cloud);
    expect(worker).not.toHaveProperty('CLOUDINARY_ENDPOINT');
    expect(keys).not.toHaveProperty('CLOUDINARY_API_SECRET');
    expect(realityOf(cloud)).toMatchObject({ cloudinary: true, redis: false, providers: [] });
  });

  test('a real project: each Worker has its token, and keeps to the address that is given', () => {
    const token = (role: string) => `x.${Buffer.from(JSON.stringify({ role })).toString('base64url')}.x`;
    const project = {
      SUPABASE_URL: 'https://abc.supabase.co',
      SUPABASE_ANON_KEY: 'real',
      SUPABASE_DB_URL: 'postgresql://postgres:secret@db.abc.supabase.co/postgres',
      SUPABASE_ROLE_TOKEN_SUBMIT: token('submit'),
      SUPABASE_ROLE_TOKEN_WORKER: token('worker'),
      SUPABASE_ROLE_TOKEN_CALLBACK: token('callback'),
      SUPABASE_ROLE_TOKEN_KEYS: token('keys'),
    };
    const env = environment(project);
    for (const [role, vars] of Object.entries(env)) {
      expect(vars).toMatchObject({ SUPABASE_ANON_KEY: 'real', SUPABASE_ROLE_TOKEN: token(role) });
      expect(JSON.stringify(vars)).not.toContain('secret@');
    }
    expect(realityOf(project).supabase).toBe('db.abc.supabase.co/postgres');
    expect(realityOf({}).supabase).toBeUndefined();
  });

  test('half an account is refused', () => {
    expect(() => group({ A: '1' }, ['A', 'B'])).toThrow('.dev.vars has some of A, B, but not B.');
  });
});
