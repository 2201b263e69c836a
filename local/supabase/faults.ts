import { z } from 'zod';

/**
 * `drop-before`: the connection is cut and nothing has happened; `drop-after`: it has been committed, the answer is lost;
 * `40001`: rolled back as a serialization failure; `503`: no database; `slow`: 5 s late.
 */
const names = ['drop-before', 'drop-after', '40001', '503', 'slow'] as const;
export type FaultName = (typeof names)[number];

const request = z.strictObject({
  match: z.strictObject({ fn: z.string().optional() }).default({}),
  fault: z.enum(names).nullable().optional(),
  times: z.int().min(1).optional(),
  /** An interval of PostgreSQL that every transaction's clock is moved by; null: the real time. */
  clock_offset: z.string().nullable().optional(),
});

export type Faults = {
  /** Takes a `__control` body; answers what is wrong with it, if anything. */
  control: (body: unknown) => string | undefined;
  /** The fault for this call, used up by one if it was limited. */
  take: (fn: string) => FaultName | undefined;
  clockOffset: () => string | undefined;
};

type Rule = { fn?: string; fault: FaultName; left: number };

export function createFaults(): Faults {
  let rules: Rule[] = [];
  let clockOffset: string | undefined;
  const control = (body: unknown) => {
    const parsed = request.safeParse(body);
    if (!parsed.success) return z.prettifyError(parsed.error);
    const { match, fault, times, clock_offset: offset } = parsed.data;
    if (offset !== undefined) clockOffset = offset ?? undefined;
    if (fault === undefined) return undefined;
    rules = rules.filter((rule) => (match.fn === undefined ? fault !== null : rule.fn !== match.fn));
    if (fault !== null) rules.push({ fn: match.fn, fault, left: times ?? Number.POSITIVE_INFINITY });
    return undefined;
  };
  const take = (fn: string) => {
    const rule = rules.find((candidate) => candidate.fn === undefined || candidate.fn === fn);
    if (rule === undefined) return undefined;
    rule.left -= 1;
    if (rule.left <= 0) rules = rules.filter((other) => other !== rule);
    return rule.fault;
  };
  return { control, take, clockOffset: () => clockOffset };
}
