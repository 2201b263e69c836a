import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A table of JSON documents that survives SIGKILL (SQLite in WAL mode; a kill of the process loses nothing that `put` returned from). */
export type Store<T> = {
  get(id: string): T | undefined;
  put(id: string, value: T): void;
  delete(id: string): boolean;
  /** All documents, oldest id first. */
  all(): T[];
};

export type Database = { table<T>(name: string): Store<T>; close(): void };

/** Opens (and creates) the state file of one emulator; `:memory:` keeps nothing. */
export function openDatabase(file: string): Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const db = open(file);
  return { table: <T>(name: string) => createStore<T>(db, name), close: () => db.close() };
}

function open(file: string): DatabaseSync {
  try {
    const db = new DatabaseSync(file);
    db.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
    return db;
  } catch (cause) {
    const error = cause as Error & { errcode?: number };
    throw Object.assign(new Error(`${error.message}: ${file}`, { cause }), { code: 'ERR_EMULATOR_FILE', file });
  }
}

function createStore<T>(db: DatabaseSync, name: string): Store<T> {
  if (!/^[a-z_]+$/.test(name)) throw new Error(`not a table name: ${name}`);
  db.exec(`create table if not exists ${name} (id text primary key, document text not null)`);
  const select = db.prepare(`select document from ${name} where id = ?`);
  const upsert = db.prepare(
    `insert into ${name} values (?, ?) on conflict (id) do update set document = excluded.document`,
  );
  const remove = db.prepare(`delete from ${name} where id = ?`);
  const list = db.prepare(`select document from ${name} order by rowid`);
  const parse = (row: unknown) => JSON.parse((row as { document: string }).document) as T;
  return {
    get: (id) => {
      const row = select.get(id);
      return row === undefined ? undefined : parse(row);
    },
    put: (id, value) => void upsert.run(id, JSON.stringify(value)),
    delete: (id) => remove.run(id).changes > 0,
    all: () => list.all().map(parse),
  };
}
