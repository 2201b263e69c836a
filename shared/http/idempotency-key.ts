import type { Context } from 'hono';
import { invalidField, ok, type Result } from '../errors/result.ts';

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;
const HEADER = 'Idempotency-Key';

/** The key of a request, if it carries one. */
export function idempotencyKey(headers: Headers, required: boolean): Result<string | undefined> {
  const key = headers.get(HEADER);
  if (key === null) return required ? invalidField(HEADER, 'Required here: money moves') : ok(undefined);
  if (!PRINTABLE_ASCII.test(key)) return invalidField(HEADER, 'Must be 1 to 255 printable ASCII characters');
  return ok(key);
}

/** Says on the answer that nothing new was done. */
export function markReplayed(c: Context, replayed: boolean | undefined): void {
  if (replayed) c.header('idempotency-replayed', 'true');
}
