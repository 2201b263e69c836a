import type pg from 'pg';

export type Argument = { name: string; type: string; optional: boolean };
export type DatabaseFunction = {
  schema: string;
  name: string;
  arguments: Argument[];
  returns: 'scalar' | 'set' | 'void';
  /** Stable and immutable functions run in a read-only transaction. */
  volatile: boolean;
};
export type Schema = {
  /** What `pgrst.db_schemas` of `authenticator` exposes, first is the default. */
  exposed: string[];
  functions: DatabaseFunction[];
  tables: { schema: string; name: string }[];
  /** Settings of the roles one can switch to (`alter role … set`); `set role` alone does not bring them. */
  roleSettings: Map<string, [name: string, value: string][]>;
};

const exposedSql = `select coalesce((select substr(setting, length('pgrst.db_schemas=') + 1)
  from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) setting
  where r.rolname = 'authenticator' and setting like 'pgrst.db_schemas=%'), 'public') as schemas`;

const functionsSql = `select n.nspname as schema, p.proname as name, p.provolatile = 'v' as volatile,
    case when p.prorettype = 'void'::regtype then 'void' when p.proretset then 'set' else 'scalar' end as returns,
    coalesce((select json_agg(json_build_object('name', a.name, 'type', format_type(a.type, null),
        'optional', a.place > p.pronargs - p.pronargdefaults) order by a.place)
      from unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality a (name, type, place)), '[]') as arguments
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1) and p.prokind = 'f'`;

const tablesSql = `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind in ('r', 'v', 'm', 'p', 'f')`;

const settingsSql = `select r.rolname as role, split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value
  from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) setting
  where pg_has_role('authenticator', r.oid, 'set') and r.rolname <> 'authenticator'`;

/** Reads what PostgREST keeps in its schema cache. */
export async function readSchema(pool: pg.Pool): Promise<Schema> {
  const { rows } = await pool.query<{ schemas: string }>(exposedSql);
  const exposed = (rows[0]?.schemas ?? 'public').split(',').map((name) => name.trim());
  const [functions, tables, settings] = await Promise.all([
    pool.query<DatabaseFunction>(functionsSql, [exposed]),
    pool.query<{ schema: string; name: string }>(tablesSql, [exposed]),
    pool.query<{ role: string; name: string; value: string }>(settingsSql),
  ]);
  const roleSettings: Schema['roleSettings'] = new Map();
  for (const { role, name, value } of settings.rows) {
    roleSettings.set(role, [...(roleSettings.get(role) ?? []), [name, value]]);
  }
  return { exposed, functions: functions.rows, tables: tables.rows, roleSettings };
}

export type SchemaCache = {
  get: () => Promise<Schema>;
  reload: () => Promise<Schema>;
};

/** Loads on first use and again on `reload` (`notify pgrst`, or something asked for that is not there). */
export function createSchemaCache(pool: pg.Pool): SchemaCache {
  let loading: Promise<Schema> | undefined;
  const reload = () => {
    const next = readSchema(pool);
    loading = next;
    next.catch(() => {
      if (loading === next) loading = undefined;
    });
    return next;
  };
  return { get: () => loading ?? reload(), reload };
}

/** A function by name whose arguments take exactly these names; PostgREST looks no further than names. */
export function findFunction(
  schema: Schema,
  profile: string,
  name: string,
  given: string[],
): DatabaseFunction | undefined {
  return schema.functions.find(
    (fn) =>
      fn.schema === profile &&
      fn.name === name &&
      given.every((key) => fn.arguments.some((argument) => argument.name === key)) &&
      fn.arguments.every((argument) => argument.optional || given.includes(argument.name)),
  );
}
