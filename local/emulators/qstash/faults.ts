import type { Context } from 'hono';
import { z } from 'zod';

/** A fault that was switched on; without `times` it stays until `fault: null`. */
export type Fault<Name extends string> = { fault: Name; match?: Record<string, string>; times?: number; ms?: number };

export type Faults<Name extends string> = {
  /** The first fault of these names that is on and fits the subject; counts it down. */
  take(names: readonly Name[], subject: Record<string, string>): Fault<Name> | undefined;
  /** Handles `POST /__control {fault, match?, times?, ms?}`; `match` values are parts of the subject's values. */
  control(c: Context): Promise<Response>;
};

/** The switchable faults of one emulator. `fault: null` ends those with the same `match`, without one all. */
export function createFaults<const Name extends string>(names: readonly Name[]): Faults<Name> {
  const Control = controlSchema(names);
  let active: Fault<Name>[] = [];

  function take(wanted: readonly Name[], subject: Record<string, string>): Fault<Name> | undefined {
    const found = active.find(({ fault, match }) => wanted.includes(fault) && fits(match, subject));
    if (found?.times !== undefined) {
      found.times -= 1;
      if (found.times === 0) active = active.filter((fault) => fault !== found);
    }
    return found;
  }

  async function control(c: Context): Promise<Response> {
    const parsed = Control.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error), faults: names }, 422);
    const { fault, ...rest } = parsed.data;
    if (fault !== null) active.push({ fault: fault as Name, ...rest });
    else active = active.filter(({ match }) => rest.match !== undefined && !sameMatch(match, rest.match));
    return c.json({ faults: active });
  }

  return { take, control };
}

function controlSchema(names: readonly string[]) {
  return z.strictObject({
    fault: z.enum(names).nullable(),
    match: z.record(z.string(), z.string()).optional(),
    times: z.int().positive().optional(),
    ms: z.int().nonnegative().optional(),
  });
}

function fits(match: Record<string, string> | undefined, subject: Record<string, string>): boolean {
  return Object.entries(match ?? {}).every(([name, part]) => subject[name]?.includes(part) === true);
}

const sameMatch = (a: object | undefined, b: object | undefined) => JSON.stringify(a) === JSON.stringify(b);
