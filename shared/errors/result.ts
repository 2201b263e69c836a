import type { ErrorCode } from './codes.ts';

/** One unacceptable value: `path` as in `jobs[0].input.prompt`; empty for the whole. */
export type FieldError = { path: string; message: string };

/** A business "no" as a value. Extra members (`available`, `required`, `retry_after` in seconds, …) reach the problem as they are. */
export type Refusal = {
  code: ErrorCode;
  detail?: string;
  errors?: FieldError[];
  retry_after?: number;
  [extra: string]: unknown;
};

export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

export function refused(code: ErrorCode, more: Omit<Refusal, 'code'> = {}): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code, ...more } };
}

/** `invalid_input` that names one field. */
export function invalidField(path: string, message: string): { ok: false; refusal: Refusal } {
  return refused('invalid_input', { errors: [{ path, message }] });
}

/** Leaves a handler with a refusal: rendered as a problem by `onError`. For the HTTP edge only; pure code returns a Result. */
export function refuse(refusal: Refusal): never {
  throw Object.assign(new Error(refusal.code), { refusal });
}

/** The value, or the way out of the handler. */
export function unwrap<T>(result: Result<T>): T {
  return result.ok ? result.value : refuse(result.refusal);
}

/** The refusal that `refuse` put on an error; null for any other. */
export function refusalOf(error: unknown): Refusal | null {
  return error instanceof Error && 'refusal' in error ? (error.refusal as Refusal) : null;
}
