import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findSafeguard } from './find.ts';
import type { Mutant } from './mutants.ts';

const root = resolve(import.meta.dirname, '..');
/** What tests read; the rest of the folder (state, history, builds) is not needed. */
const PARTS = [
  'functions',
  'shared',
  'local',
  'supabase',
  'test',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'vitest.config.ts',
  'wrangler.toml',
];

/** A copy of the project that may be broken. Packages are linked, but not their folder: what tools cache there is the copy's own. */
export function copyProject(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-mutants-'));
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!CACHES.has(name)) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const CACHES = new Set(['.cache', '.vite', '.vite-temp', '.mf']);

/** Takes the safeguard out of the file that has it; `mend` puts it back. */
export function breakSafeguard(folder: string, mutant: Mutant): { file: string; mend: () => void } {
  const file = findSafeguard(folder, mutant);
  const path = join(folder, file);
  const whole = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    whole.replace(mutant.find, () => mutant.replace),
  );
  return { file, mend: () => writeFileSync(path, whole) };
}
