import type { FieldError } from '../errors/result.ts';
import { dotPath } from './validate.ts';

type Fault = { path: PropertyKey[]; message: string };

/** Enough of a key to find it by. */
const SHOWN_CHARS = 80;

/** Where something stands that JSON allows but no database or number can keep (NUL, lone surrogates, numbers beyond a double), or null. */
export function unstorable(value: unknown): FieldError | null {
  const fault = faultIn(value);
  return fault && { path: dotPath(fault.path), message: fault.message };
}

function faultIn(value: unknown): Fault | null {
  const message = faultOf(value);
  if (message) return { path: [], message };
  for (const [key, member] of membersOf(value)) {
    if (faultOf(key)) return { path: [], message: 'Must have keys without NUL and lone surrogates' };
    const fault = faultIn(member);
    if (fault) return { ...fault, path: [shown(key), ...fault.path] };
  }
  return null;
}

function faultOf(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'Must be a number that a double can hold';
  if (typeof value !== 'string') return null;
  if (value.includes('\0')) return 'Must not hold NUL';
  return value.isWellFormed() ? null : 'Must not hold a lone surrogate';
}

function membersOf(value: unknown): Iterable<[string | number, unknown]> {
  if (Array.isArray(value)) return value.entries();
  return value !== null && typeof value === 'object' ? Object.entries(value) : [];
}

const shown = (key: string | number) => (typeof key === 'string' ? key.slice(0, SHOWN_CHARS) : key);
