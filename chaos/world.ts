import type { Account } from './accounts.ts';
import type { Look } from './database.ts';
import type { Evidence } from './evidence.ts';
import type { OperationLog } from './operation-log.ts';
import type { Plan } from './plan.ts';
import type { Seams } from './seams.ts';
import type { Stack } from './stack.ts';

/** What is wrong, by the five kinds that the result counts. */
export type Wrong = 'violations' | 'lost' | 'double_charged' | 'unrefunded' | 'stuck';
export type Finding = { kind: Wrong; what: string; detail: string };

/** One run: what was planned, what runs, and what is known of it so far. */
export type World = {
  plan: Plan;
  stack: Stack;
  seams: Seams;
  /** As the schema's owner. */
  look: Look;
  accounts: Account[];
  operations: OperationLog[];
  evidence: Evidence;
  /** Faults that have really happened, by name. */
  happened: Record<string, number>;
  findings: Finding[];
  count: (fault: string, times?: number) => void;
  report: (kind: Wrong, what: string, detail: unknown) => void;
  /** A line for people. */
  log: (line: string) => void;
  /** Milliseconds since the storm began. */
  elapsed: () => number;
  /** Whether faults are still allowed. */
  stormy: () => boolean;
  /** The storm lasts so much longer. */
  prolong: (ms: number) => void;
  /** The storm does not end while nothing runs, because then nothing can go wrong; what it takes beyond `plannedMs` is added. */
  outage: (plannedMs: number, recover: () => Promise<unknown>) => Promise<void>;
};

export function createFindings(log: (line: string) => void): Pick<World, 'happened' | 'findings' | 'count' | 'report'> {
  const happened: Record<string, number> = {};
  const findings: Finding[] = [];
  const seen = new Set<string>();
  return {
    happened,
    findings,
    count: (fault, times = 1) => {
      happened[fault] = (happened[fault] ?? 0) + times;
    },
    report: (kind, what, detail) => {
      const text = typeof detail === 'string' ? detail : JSON.stringify(detail);
      // The same thing is seen again at every look.
      if (seen.has(`${what} ${text}`)) return;
      seen.add(`${what} ${text}`);
      findings.push({ kind, what, detail: text });
      log(`✗ ${kind}: ${what}: ${text}`);
    },
  };
}
