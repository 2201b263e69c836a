import { deserialize, serialize } from 'node:v8';
import type { Store } from '../support/store.ts';
import type { Engine, Value } from './engine.ts';

/** A key as it is kept: its value in V8's format (base64), and when it expires (Unix milliseconds). */
export type Entry = { key: string; value: string; expiresAt?: number };

export type Snapshot = {
  /** Marks a key whose expiry alone may have changed; changes of values are noticed. */
  touch(key: string): void;
  /** Writes what has changed since the last time. */
  flush(): void;
};

/** Loads what an earlier process kept and keeps track of changes: a kill loses what was not flushed, no more. */
export function createSnapshot(engine: Engine, store: Store<Entry>): Snapshot {
  const changed = new Set<string>();
  const expiring = new Map<string, number>();
  load(engine, store, expiring);
  engine.context.modifiedKeyEvents.on('modified', (key) => changed.add(key));

  function flush(): void {
    // Asking for an expired key is what makes the mock delete it.
    for (const [key, at] of expiring) if (at <= Date.now() && !engine.data.has(key)) changed.add(key);
    for (const key of changed) save(key);
    changed.clear();
  }

  function save(key: string): void {
    expiring.delete(key);
    if (!engine.data.has(key)) return void store.delete(key);
    const expiresAt = engine.expires.get(key);
    if (expiresAt !== undefined) expiring.set(key, expiresAt);
    store.put(key, { key, value: serialize(engine.data.get(key)).toString('base64'), expiresAt });
  }

  return { touch: (key) => void changed.add(key), flush };
}

function load(engine: Engine, store: Store<Entry>, expiring: Map<string, number>): void {
  for (const { key, value, expiresAt } of store.all()) {
    if (expiresAt !== undefined && expiresAt <= Date.now()) {
      store.delete(key);
      continue;
    }
    engine.data.set(key, deserialize(Buffer.from(value, 'base64')) as Value);
    if (expiresAt === undefined) continue;
    engine.expires.set(key, expiresAt);
    expiring.set(key, expiresAt);
  }
}
