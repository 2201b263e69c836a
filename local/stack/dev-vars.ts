import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { errnoOf, isProblem, problem } from './problem.ts';
import { projectRoot } from './state-folder.ts';

/** Real credentials from `.dev.vars`; what is absent is emulated. */
export type DevVars = Record<string, string | undefined>;

/** `DARKROOM_DEV_VARS` names another file, so that tests neither see nor spend what is in yours. */
export function readDevVars(file = process.env.DARKROOM_DEV_VARS || join(projectRoot, '.dev.vars')): DevVars {
  try {
    const vars: DevVars = parseEnv(readFileSync(file, 'utf8'));
    return checked(
      Object.fromEntries(Object.entries(vars).filter(([, value]) => value !== undefined && value.trim() !== '')),
    );
  } catch (error) {
    if (isProblem(error)) throw error;
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return {};
    throw problem(`Cannot read .dev.vars (${errnoOf(error)}).`, 'Make it readable for you: chmod u+r .dev.vars', error);
  }
}

/** What is to be an address is one; Upstash's own variable for other clients, `rediss://…`, is easily taken for it. */
function checked(vars: DevVars): DevVars {
  for (const [name, value] of Object.entries(vars)) {
    if (!isAddress.test(name) || /^https?:$/.test(URL.parse(value ?? '')?.protocol ?? '')) continue;
    throw problem(
      `${name} in .dev.vars is not an http(s) address.`,
      `Correct it, or remove the line; .dev.vars.example says what it is`,
    );
  }
  return vars;
}

/** A database's address is looked at where it is used. */
const isAddress = /(?<!_DB)_URL$|_ENDPOINT$/;

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
