import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import type pg from 'pg';
import { dropConnection } from '../emulators/support/connection.ts';
import { databaseFailure, type Failure, failure } from './errors.ts';
import type { Faults } from './faults.ts';
import { type DatabaseFunction, findFunction, type Schema, type SchemaCache } from './schema-cache.ts';
import type { Claims } from './tokens.ts';
import { type Caller, callQuery, runAs, serializationFailure, tableQuery } from './transaction.ts';

type Rest = {
  pool: pg.Pool;
  cache: SchemaCache;
  faults: Faults;
  verify: (token: string) => Promise<Claims>;
  count: (fn: string) => void;
};

const SLOW_MS = 5000;

/** PostgREST's `/rpc/:function` and plain reads of tables, every call in a transaction under the role of its token. */
export function restRoutes(rest: Rest): Hono {
  const app = new Hono();
  app.on(['POST', 'GET'], '/rpc/:fn', (c) => answer(c, rest, () => callFunction(c, rest)));
  app.all('/:table', (c) => answer(c, rest, () => readTable(c, rest)));
  app.all('*', (c) => respond(c, failure(404, 'PGRST125', 'Invalid path specified in request URL')));
  return app;
}

type Step = () => Promise<Response | Failure>;

/** Everything thrown below is the database's; everything else is a value. */
async function answer(c: Context, rest: Rest, step: Step): Promise<Response> {
  const result = await step().catch(async (error) => {
    const caller = await callerOf(c, rest);
    return databaseFailure(error, 'claims' in caller && caller.role !== 'anon');
  });
  return result instanceof Response ? result : respond(c, result);
}

function respond(c: Context, { status, body, headers }: Failure): Response {
  return c.json(body, status as 400, { 'content-type': 'application/json; charset=utf-8', ...headers });
}

async function callerOf(c: Context, { verify }: Rest): Promise<Caller | Failure> {
  const bearer = c.req.header('authorization')?.match(/^Bearer (.+)$/i)?.[1];
  const headers = c.req.header();
  const path = c.req.path.replace(/^\/rest\/v1/, '');
  const request = { method: c.req.method, path, headers: { 'user-agent': headers['user-agent'] ?? '' } };
  if (bearer === undefined) return { role: 'anon', claims: { role: 'anon' }, ...request };
  try {
    const claims = await verify(bearer);
    return { role: String(claims.role ?? 'anon'), claims, ...request };
  } catch (error) {
    return tokenFailure(error as Error & { code?: string });
  }
}

function tokenFailure({ code, message }: { code?: string; message: string }): Failure {
  const expired = code === 'ERR_JWT_EXPIRED';
  const said = expired
    ? 'JWT expired'
    : code === 'ERR_JWS_INVALID'
      ? 'Expected 3 parts in JWT'
      : `JWSError (${message})`;
  const challenge = `Bearer error="invalid_token", error_description="${said}"`;
  return { ...failure(401, expired ? 'PGRST303' : 'PGRST301', said), headers: { 'www-authenticate': challenge } };
}

function profileOf(c: Context, schema: Schema): string | Failure {
  const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
  const profile = c.req.header(reads ? 'accept-profile' : 'content-profile') ?? schema.exposed[0] ?? 'public';
  if (schema.exposed.includes(profile)) return profile;
  const hint = `Only the following schemas are exposed: ${schema.exposed.join(', ')}`;
  return failure(406, 'PGRST106', `Invalid schema: ${profile}`, { hint });
}

async function argumentsOf(c: Context): Promise<Record<string, unknown> | Failure> {
  if (c.req.method === 'GET') return c.req.query();
  const text = await c.req.text();
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {}
  return failure(400, 'PGRST102', 'Empty or invalid json');
}

const isFailure = (value: object | string): value is Failure =>
  typeof value === 'object' && 'status' in value && 'body' in value;

async function callFunction(c: Context, rest: Rest): Promise<Response | Failure> {
  const name = c.req.param('fn') ?? '';
  const caller = await callerOf(c, rest);
  if (isFailure(caller)) return caller;
  const args = await argumentsOf(c);
  if (isFailure(args)) return args;
  const found = await lookUp(c, rest, name, Object.keys(args));
  if (isFailure(found)) return found;
  const { schema, fn } = found;
  rest.count(name);
  const fault = rest.faults.take(name);
  if (fault === 'drop-before') return dropConnection(c);
  if (fault === '503') return failure(503, 'PGRST001', 'Database client error. Retrying the connection.');
  if (fault === 'slow') await sleep(SLOW_MS);
  const readOnly = !fn.volatile || c.req.method === 'GET';
  const transaction = { caller, schema, profile: fn.schema, readOnly, clockOffset: rest.faults.clockOffset() };
  const body = await runAs(rest.pool, transaction, callQuery(fn, args), fault === '40001');
  if (fault === '40001') throw serializationFailure();
  if (fault === 'drop-after') return dropConnection(c);
  return fn.returns === 'void' ? c.body(null, 204) : json(c, body ?? 'null');
}

const json = (c: Context, body: string) => c.body(body, 200, { 'content-type': 'application/json; charset=utf-8' });

/** Looks in the cache, and once more after a reload: locally functions appear while everything runs. */
async function lookUp(
  c: Context,
  rest: Rest,
  name: string,
  given: string[],
): Promise<{ schema: Schema; fn: DatabaseFunction } | Failure> {
  for (const load of [rest.cache.get, rest.cache.reload]) {
    const schema = await load();
    const profile = profileOf(c, schema);
    if (typeof profile !== 'string') return profile;
    const fn = findFunction(schema, profile, name, given);
    if (fn !== undefined) return { schema, fn };
    if (load === rest.cache.reload) return unknownFunction(schema, profile, name, given);
  }
  throw new Error('unreachable');
}

function unknownFunction(schema: Schema, profile: string, name: string, given: string[]): Failure {
  const asked =
    given.length === 0 ? `${profile}.${name} without parameters` : `${profile}.${name}(${given.join(', ')})`;
  const near = schema.functions.find((fn) => fn.schema === profile && fn.name === name);
  const names = near?.arguments.map((argument) => argument.name).join(', ');
  return failure(404, 'PGRST202', `Could not find the function ${asked} in the schema cache`, {
    details: `Searched for the function ${asked}, but no matches were found in the schema cache.`,
    hint: near === undefined ? null : `Perhaps you meant to call the function ${profile}.${name}(${names})`,
  });
}

async function readTable(c: Context, rest: Rest): Promise<Response | Failure> {
  const name = c.req.param('table') ?? '';
  const caller = await callerOf(c, rest);
  if (isFailure(caller)) return caller;
  const schema = await rest.cache.get();
  const profile = profileOf(c, schema);
  if (typeof profile !== 'string') return profile;
  if (!schema.tables.some((table) => table.schema === profile && table.name === name)) {
    return failure(404, 'PGRST205', `Could not find the table '${profile}.${name}' in the schema cache`);
  }
  if (c.req.method !== 'GET') return failure(405, 'PGRST117', `Unsupported HTTP method: ${c.req.method}`);
  return json(
    c,
    (await runAs(rest.pool, { caller, schema, profile, readOnly: true }, tableQuery(profile, name))) ?? '[]',
  );
}
