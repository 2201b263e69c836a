import pg from 'pg';
import type { DatabaseFunction, Schema } from './schema-cache.ts';
import type { Claims } from './tokens.ts';

const { escapeIdentifier, escapeLiteral } = pg;

/** Who asks, and how; what PostgREST makes readable as `request.*`. */
export type Caller = { role: string; claims: Claims; method: string; path: string; headers: Record<string, string> };

type Transaction = { caller: Caller; schema: Schema; profile: string; readOnly: boolean; clockOffset?: string };

/** Thrown in place of the database's error when the test's fault wants a rollback. */
export const serializationFailure = () =>
  Object.assign(new Error('could not serialize access due to concurrent update'), { code: '40001' });

/**
 * Runs one query as PostgREST does: in a transaction, as the caller's role, with its claims and its role's settings. All
 * statements travel in one message, so that the database's latency is paid once. Answers the column `body` as text.
 */
export async function runAs(
  pool: pg.Pool,
  transaction: Transaction,
  query: string,
  rollback = false,
): Promise<string | null> {
  const begin = `begin isolation level read committed ${transaction.readOnly ? 'read only' : 'read write'}`;
  const end = rollback ? 'rollback' : 'commit';
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const results = await client.query(`${begin}; ${prelude(transaction)}; ${query}; ${end}`);
    return (results as unknown as pg.QueryResult<{ body: string | null }>[])[2]?.rows[0]?.body ?? null;
  } catch (error) {
    broken = await client.query('rollback').then(
      () => undefined,
      (gone: Error) => gone,
    );
    throw error;
  } finally {
    client.release(broken);
  }
}

function prelude({ caller, schema, profile, clockOffset }: Transaction): string {
  const settings: [string, string][] = [
    ['search_path', [profile, 'public', 'extensions'].map((name) => escapeIdentifier(name)).join(', ')],
    ['role', caller.role],
    ['request.jwt.claims', JSON.stringify(caller.claims)],
    ['request.method', caller.method],
    ['request.path', caller.path],
    ['request.headers', JSON.stringify(caller.headers)],
    ...(schema.roleSettings.get(caller.role) ?? []),
    ...(clockOffset === undefined ? [] : [['darkroom.clock_offset', clockOffset] as [string, string]]),
  ];
  return `select ${settings.map(([name, value]) => `set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, true)`).join(', ')}`;
}

/** `select fn(a => …)` with the arguments taken from the request's JSON by their declared types. */
export function callQuery(fn: DatabaseFunction, args: Record<string, unknown>): string {
  const used = fn.arguments.filter(({ name }) => name in args);
  const columns = used.map(({ name, type }) => `${escapeIdentifier(name)} ${type}`).join(', ');
  const named = used.map(({ name }) => `${escapeIdentifier(name)} := args.${escapeIdentifier(name)}`).join(', ');
  const call = `${escapeIdentifier(fn.schema)}.${escapeIdentifier(fn.name)}(${named})`;
  const source =
    used.length === 0 ? '' : `, json_to_record(${escapeLiteral(JSON.stringify(args))}::json) as args (${columns})`;
  const from = `from (select 1) as one${source}`;
  if (fn.returns === 'void') return `select null as body, ${call} ${from}`;
  if (fn.returns === 'scalar') return `select to_json(${call})::text as body ${from}`;
  return `select coalesce(json_agg(result), '[]')::text as body ${from}, lateral ${call} as result`;
}

/** The first rows of a table; enough to see who may read it. */
export const tableQuery = (schema: string, name: string): string =>
  `select coalesce(json_agg(row), '[]')::text as body from (select * from ${escapeIdentifier(schema)}.${escapeIdentifier(name)} limit 1000) as row`;
