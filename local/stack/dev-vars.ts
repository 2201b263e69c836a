import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { errnoOf, problem } from './problem.ts';
import { projectRoot } from './state-folder.ts';

/** Real credentials from `.dev.vars`; what is absent is emulated. */
export type DevVars = Record<string, string | undefined>;

export function readDevVars(file = join(projectRoot, '.dev.vars')): DevVars {
  try {
    const vars: DevVars = parseEnv(readFileSync(file, 'utf8'));
    return Object.fromEntries(Object.entries(vars).filter(([, value]) => value !== undefined && value.trim() !== ''));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw problem(`Cannot read .dev.vars (${errnoOf(error)}).`, 'Make it readable for you: chmod u+r .dev.vars', error);
  }
}

/** All of a group or none of it: half an account helps nobody, and a silent fallback to the emulator would puzzle. */
export function group<const Names extends readonly string[]>(
  vars: DevVars,
  names: Names,
): Record<Names[number], string> | undefined {
  const missing = names.filter((name) => vars[name] === undefined);
  if (missing.length === names.length) return undefined;
  if (missing.length === 0)
    return Object.fromEntries(names.map((name) => [name, vars[name]])) as Record<Names[number], string>;
  throw problem(
    `.dev.vars has some of ${names.join(', ')}, but not ${missing.join(', ')}.`,
    'Add what is missing, or remove the others',
  );
}
