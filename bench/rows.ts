import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './row.ts';

const folder = join(import.meta.dirname, 'rows');

/** Every file of `rows/`, in the order of their names. `only`: an id, or a part of the file's name. */
export async function loadRows(only?: string): Promise<Row[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const wanted = files.filter((file) => only === undefined || named(file, only)).sort();
  if (wanted.length === 0) throw new Error(`There is no row ${only}. Rows: ${files.sort().join(', ')}`);
  return Promise.all(wanted.map(async (file) => ((await import(join(folder, file))) as { row: Row }).row));
}

const named = (file: string, only: string) =>
  /^\d+$/.test(only) ? Number.parseInt(file, 10) === Number(only) : file.includes(only);
