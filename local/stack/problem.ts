/** Something the person at the terminal can fix: what is wrong, and the way out. Printed without a stack. */
export type Problem = Error & { wayOut: string };

export function problem(message: string, wayOut: string, cause?: unknown): Problem {
  return Object.assign(new Error(message, { cause }), { name: 'Problem', wayOut });
}

export const isProblem = (error: unknown): error is Problem => error instanceof Error && error.name === 'Problem';

/** The errno code of a system error (`EADDRINUSE`, `EACCES`, …), else undefined. */
export const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;
