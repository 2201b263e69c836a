import { randomBytes, randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type pg from 'pg';
import { publicJwks, type SigningKey, signToken } from './tokens.ts';

type Auth = {
  /** A connection that may use the schema `auth`. */
  pool: pg.Pool;
  key: SigningKey;
  verify: (token: string) => Promise<{ sub?: string }>;
  /** This project's URL, for the tokens' issuer. */
  url: () => string;
};

type User = { id: string; email: string; created_at: string; updated_at: string };

const SESSION_SECONDS = 3600;

/** Supabase Auth as far as signing in with a password goes: sign-up, tokens, refresh, the user, the public keys. */
export function authRoutes(auth: Auth): Hono {
  const app = new Hono();
  app.get('/.well-known/jwks.json', (c) => c.json(publicJwks(auth.key)));
  app.get('/health', (c) =>
    c.json({ name: 'GoTrue', description: 'GoTrue is a user registration and authentication API' }),
  );
  app.post('/signup', async (c) => signUp(c, auth));
  app.post('/token', async (c) => (c.req.query('grant_type') === 'refresh_token' ? refresh(c, auth) : signIn(c, auth)));
  app.get('/user', async (c) => currentUser(c, auth));
  app.post('/logout', (c) => c.body(null, 204));
  return app;
}

/** Error body of API version 2024-01-01, which supabase-js asks for. */
const refuse = (c: Context, status: 400 | 401 | 403 | 422, code: string, message: string) =>
  c.json({ code, message, error_code: code, msg: message }, status, { 'x-supabase-api-version': '2024-01-01' });

async function credentials(c: Context): Promise<{ email: string; password: string }> {
  const { email, password } = await c.req.json<Record<string, unknown>>().catch(() => ({}) as Record<string, unknown>);
  return { email: String(email ?? '').toLowerCase(), password: String(password ?? '') };
}

async function signUp(c: Context, auth: Auth): Promise<Response> {
  const { email, password } = await credentials(c);
  if (!/^[^@\s]+@[^@\s]+$/.test(email))
    return refuse(c, 400, 'validation_failed', 'Unable to validate email address: invalid format');
  if (password.length < 6) return refuse(c, 422, 'weak_password', 'Password should be at least 6 characters.');
  const user = await createUser(auth.pool, { email, password });
  if (user === undefined) return refuse(c, 422, 'user_already_exists', 'User already registered');
  return c.json(await openSession(auth, user));
}

/** Adds a confirmed user; undefined if the address has one. The password is kept as bcrypt, as Supabase Auth does. */
export async function createUser(
  pool: pg.Pool,
  { id = randomUUID(), email, password }: { id?: string; email: string; password: string },
): Promise<User | undefined> {
  const { rows } = await pool.query<User>(
    `insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
       raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
     values (extensions.uuid_nil(), $1, 'authenticated', 'authenticated', $2, extensions.crypt($3, extensions.gen_salt('bf', 6)),
       now(), '{"provider": "email", "providers": ["email"]}', '{}', now(), now())
     on conflict do nothing returning id, email, created_at, updated_at`,
    [id, email, password],
  );
  return rows[0];
}

async function signIn(c: Context, auth: Auth): Promise<Response> {
  if (c.req.query('grant_type') !== 'password') return refuse(c, 400, 'invalid_grant', 'unsupported_grant_type');
  const { email, password } = await credentials(c);
  const { rows } = await auth.pool.query<User>(
    `update auth.users set last_sign_in_at = now()
     where email = $1 and encrypted_password = extensions.crypt($2, encrypted_password) and deleted_at is null
     returning id, email, created_at, updated_at`,
    [email, password],
  );
  if (rows[0] === undefined) return refuse(c, 400, 'invalid_credentials', 'Invalid login credentials');
  return c.json(await openSession(auth, rows[0]));
}

async function refresh(c: Context, auth: Auth): Promise<Response> {
  const { refresh_token: token } = await c.req
    .json<{ refresh_token?: string }>()
    .catch(() => ({ refresh_token: undefined }));
  const { rows } = await auth.pool.query<User>(
    `with used as (update auth.refresh_tokens set revoked = true where token = $1 and not revoked returning user_id)
     select u.id, u.email, u.created_at, u.updated_at from auth.users u join used on used.user_id = u.id::text`,
    [token ?? ''],
  );
  if (rows[0] === undefined)
    return refuse(c, 400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found');
  return c.json(await openSession(auth, rows[0]));
}

async function currentUser(c: Context, auth: Auth): Promise<Response> {
  const token = c.req.header('authorization')?.replace(/^Bearer /i, '') ?? '';
  const claims = await auth.verify(token).catch(() => undefined);
  if (claims === undefined) return refuse(c, 403, 'bad_jwt', 'invalid JWT: unable to parse or verify signature');
  const { rows } = await auth.pool.query<User>(
    'select id, email, created_at, updated_at from auth.users where id::text = $1 and deleted_at is null',
    [claims.sub ?? ''],
  );
  if (rows[0] === undefined) return refuse(c, 403, 'user_not_found', 'User from sub claim in JWT does not exist');
  return c.json(publicUser(rows[0]));
}

async function openSession(auth: Auth, user: User): Promise<object> {
  const sessionId = randomUUID();
  const refreshToken = randomBytes(9).toString('base64url');
  await auth.pool.query(
    `with session as (insert into auth.sessions values ($1, $2, now(), now()) returning id)
     insert into auth.refresh_tokens (token, user_id, session_id, revoked, created_at, updated_at)
     select $3, $2::text, id, false, now(), now() from session`,
    [sessionId, user.id, refreshToken],
  );
  const expiresAt = Math.floor(Date.now() / 1000) + SESSION_SECONDS;
  return {
    access_token: await userToken(auth, user, { seconds: SESSION_SECONDS, sessionId }),
    token_type: 'bearer',
    expires_in: SESSION_SECONDS,
    expires_at: expiresAt,
    refresh_token: refreshToken,
    user: publicUser(user),
    weak_password: null,
  };
}

/** A user's access token, with the claims Supabase Auth puts in. */
export function userToken(
  { key, url }: Pick<Auth, 'key' | 'url'>,
  user: { id: string; email: string },
  { seconds, sessionId = randomUUID() }: { seconds: number; sessionId?: string },
): Promise<string> {
  const claims = {
    iss: `${url()}/auth/v1`,
    aud: 'authenticated',
    sub: user.id,
    role: 'authenticated',
    email: user.email,
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: {},
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: Math.floor(Date.now() / 1000) }],
    session_id: sessionId,
    is_anonymous: false,
  };
  return signToken(key, claims, seconds);
}

const publicUser = (user: User) => ({
  id: user.id,
  aud: 'authenticated',
  role: 'authenticated',
  email: user.email,
  email_confirmed_at: user.created_at,
  phone: '',
  app_metadata: { provider: 'email', providers: ['email'] },
  user_metadata: {},
  identities: [],
  created_at: user.created_at,
  updated_at: user.updated_at,
  is_anonymous: false,
});
