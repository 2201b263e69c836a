import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Credential } from '../auth/credential.ts';
import { ok } from '../errors/result.ts';
import type { Call } from './client.ts';
import { createKeyServiceDatabase } from './key-service.ts';

const migrations = resolve(import.meta.dirname, '../../supabase/migrations');
const sql = readdirSync(migrations)
  .map((name) => readFileSync(resolve(migrations, name), 'utf8'))
  .join('\n');

/** The names of a function's parameters, as the migrations declare them. */
function parametersOf(fn: string): string[] {
  const [, list] = new RegExp(`function api\\.${fn}\\(([^)]*)\\)`).exec(sql) ?? [];
  return (list ?? '').split(',').map((parameter) => parameter.trim().split(' ')[0] as string);
}

test('every method calls a function that exists, with exactly its parameters', async () => {
  const seen: [string, string[]][] = [];
  const call = (async (fn: string, args: Record<string, unknown> = {}) => {
    seen.push([fn, Object.keys(args).sort()]);
    return ok(null);
  }) as Call;
  const credential: Credential = { kind: 'api_key', hash: '' };
  const place = { scope: 'user', scope_id: 'me', operation: 'image' };
  const db = createKeyServiceDatabase(call) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const [name, method] of Object.entries(db))
    await (/^(put|delete)Setting$/.test(name) ? method(credential, place) : method(credential));
  expect(seen).toHaveLength(Object.keys(db).length);
  for (const [fn, names] of seen) expect([fn, names]).toEqual([fn, parametersOf(fn).sort()]);
});

test('every function of the role keys has a method', () => {
  const exposed = [...sql.matchAll(/expose\('api\.(\w+)\([^)]*\)', '\w+', 'keys'\)/g)].map(([, fn]) => fn);
  const granted = [...sql.matchAll(/'api\.(\w+_sealed)\(/g)].map(([, fn]) => fn);
  const called = new Set<string>();
  const db = createKeyServiceDatabase((async (fn: string) => {
    called.add(fn);
    return ok(null);
  }) as Call) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const method of Object.values(db)) method({}, {}, {});
  expect([...called].sort()).toEqual([...new Set([...exposed, ...granted])].sort());
});
