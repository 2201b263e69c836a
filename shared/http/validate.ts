import { type FieldError, ok, type Result, refused } from '../errors/result.ts';
import type * as z from '../schema/zod.ts';

/** Enough to mend a request by, few enough to stay a small answer. */
const MAX_ERRORS = 20;

/** The parsed value, or `invalid_input` that names every path. */
export function validate<S extends z.ZodMiniType>(schema: S, value: unknown): Result<z.output<S>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const errors = firstOfEach(parsed.error.issues.flatMap(fieldErrors)).slice(0, MAX_ERRORS);
  return refused('invalid_input', { errors });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: dotPath(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({ path: dotPath([...issue.path, key]), message: 'Unknown field' }));
}

/** One message a path: the first says most. */
function firstOfEach(errors: FieldError[]): FieldError[] {
  return errors.filter(({ path }, at) => errors.findIndex((error) => error.path === path) === at);
}

/** `['jobs', 0, 'input']` → `jobs[0].input`. */
export function dotPath(path: PropertyKey[]): string {
  return path.reduce<string>((all, part) => {
    if (typeof part === 'number') return `${all}[${part}]`;
    return all ? `${all}.${String(part)}` : String(part);
  }, '');
}
