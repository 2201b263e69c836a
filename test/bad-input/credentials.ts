import { generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { mintSecret } from '../../shared/auth/secrets.ts';
import type { Case, Given, Sent } from './case.ts';
import { JOB } from './case.ts';

type Forge = (given: Given) => string | Promise<string>;
type Header = { alg: string; kid?: string; [more: string]: unknown };

const now = () => Math.floor(Date.now() / 1000);
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The claims of the demo user's own token, changed. */
function claims({ stack }: Given, change: JWTPayload = {}): JWTPayload {
  const [, payload = ''] = stack.user.access_token.split('.');
  return { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...change };
}

/** Signed by the project itself: only what was changed is wrong. */
const genuine = (change: JWTPayload) => (given: Given) => {
  const { signing_key: key } = given.secrets.supabase;
  const header = { alg: 'ES256', kid: key.kid, typ: 'JWT' };
  const token = new SignJWT(JSON.parse(JSON.stringify(claims(given, change)))).setProtectedHeader(header);
  return token.sign({ ...key, key_ops: ['sign'] });
};

const shared = (secret: (given: Given) => string) => (given: Given) => {
  const header = { alg: 'HS256', kid: given.secrets.supabase.signing_key.kid };
  return new SignJWT(claims(given)).setProtectedHeader(header).sign(Buffer.from(secret(given)));
};

const anotherKey =
  (alg: string, more: object = {}) =>
  async (given: Given) => {
    const { privateKey } = await generateKeyPair(alg);
    const header: Header = { alg, kid: given.secrets.supabase.signing_key.kid, ...more };
    return new SignJWT(claims(given)).setProtectedHeader(header).sign(privateKey);
  };

const unsigned = (header: object) => (given: Given) => `${encode(header)}.${encode(claims(given))}.`;
const publicHalf = ({ secrets }: Given) => {
  const { d: _, ...key } = secrets.supabase.signing_key;
  return JSON.stringify(key);
};

const TOKENS: Record<string, Forge> = {
  'alg none': unsigned({ alg: 'none', typ: 'JWT' }),
  'alg None': unsigned({ alg: 'None', typ: 'JWT' }),
  'HS256 with the public key as its secret': shared(publicHalf),
  'HS256 with the anon key as its secret': shared(({ stack }) => stack.anon_key),
  'RS256 with a key of its own': anotherKey('RS256'),
  'ES256 with a key of its own': anotherKey('ES256'),
  'EdDSA with a key of its own': anotherKey('EdDSA'),
  'an unknown kid': anotherKey('ES256', { kid: 'other' }),
  'no exp': genuine({ exp: undefined }),
  'an exp of yesterday': genuine({ exp: now() - 86_400 }),
  'an nbf of tomorrow': genuine({ nbf: now() + 86_400 }),
  'another issuer': genuine({ iss: 'https://example.supabase.co/auth/v1' }),
  'no issuer': genuine({ iss: undefined }),
  'another audience': genuine({ aud: 'anon' }),
  'no audience': genuine({ aud: undefined }),
  'another role': genuine({ role: 'service_role' }),
  'no sub': genuine({ sub: undefined }),
  'a sub with a path': genuine({ sub: '../admin' }),
  'a sub with a query': genuine({ sub: '00000000-0000-4000-8000-000000000000?x=1' }),
  'a sub in upper case': genuine({ sub: 'AAAAAAAA-0000-4000-8000-000000000000' }),
  'no signature': ({ stack }) => stack.user.access_token.replace(/[^.]+$/, ''),
  'half a signature': ({ stack }) => stack.user.access_token.slice(0, -40),
  'a changed payload': ({ stack }) => stack.user.access_token.replace(/\.[^.]+\./, (part) => `${part.slice(0, -3)}AA.`),
  'the anon key': ({ stack }) => stack.anon_key,
  'a Worker’s own token': ({ secrets }) => secrets.supabase.role_tokens.submit as string,
  'a secret of 20 kB': () => `a.${'b'.repeat(12_000)}.c`,
};

const SENT: Record<string, (given: Given) => Partial<Sent>> = {
  nothing: () => ({ key: null }),
  'an API key with a typo': ({ key }) => ({ key: `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}` }),
  'an API key of another prefix': ({ key }) => ({ key: key.replace('dk_live_', 'dk_test_') }),
  'an API key of nobody': () => ({ key: mintSecret('api_key') }),
  'a client token of nobody': () => ({ bearer: mintSecret('client_token') }),
  'Basic instead of Bearer': () => ({ key: null, headers: { authorization: 'Basic YTpi' } }),
  'a user’s token as an API key': ({ stack }) => ({ key: stack.user.access_token }),
  'two of them': ({ key }) => ({ key, headers: { authorization: `Bearer ${mintSecret('api_key')}` } }),
};

const unauthenticated = { status: 401, code: 'unauthenticated' };

/** Each against a read, a submission, and the other Worker that knows callers. */
const everywhere = (name: string, credential: (given: Given) => Partial<Sent> | Promise<Partial<Sent>>): Case[] =>
  [{ path: '/v1/credits' }, { path: '/v1/jobs', body: JOB }, { path: '/v1/webhooks/default/secret' }].map((sent) => ({
    ...unauthenticated,
    name: `${name} at ${sent.path}`,
    request: async (given) => ({ ...sent, ...(await credential(given)) }),
  }));

const forbidden = { status: 403, code: 'forbidden' };

export const credentials: Case[] = [
  ...Object.entries(TOKENS).flatMap(([name, forge]) =>
    everywhere(name, async (given) => ({ bearer: await forge(given) })),
  ),
  ...Object.entries(SENT).flatMap(([name, credential]) => everywhere(name, credential)),
  {
    ...forbidden,
    name: 'a grant by a customer',
    request: ({ stranger }) => ({
      path: '/v1/credits/grants',
      headers: { 'idempotency-key': 'mine' },
      body: { account_id: stranger.account_id, credits: 5, kind: 'promo', reason: 'r' },
    }),
  },
  {
    ...forbidden,
    name: 'a refund by a customer',
    request: ({ jobId }) => ({
      path: `/v1/jobs/${jobId}/refund`,
      headers: { 'idempotency-key': 'mine' },
      body: { credits: 1, reason: 'r' },
    }),
  },
];
