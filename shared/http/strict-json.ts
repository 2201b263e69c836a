import { ok, type Result, refused } from '../errors/result.ts';
import { unstorable } from './storable.ts';

const MAX_DEPTH = 64;

/** Decoding in one piece keeps no state: one serves all. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const invalid = (detail: string) => refused('invalid_json', { detail });

/**
 * Parses bytes as JSON more strictly than `JSON.parse`: refuses a byte order mark, invalid UTF-8, repeated keys, `__proto__`, nesting
 * deeper than 64, and what JSON allows but no database or number can keep (NUL, lone surrogates, numbers beyond a double).
 */
export function parseStrictJson(bytes: Uint8Array): Result<unknown> {
  const text = decode(bytes);
  if (text === null) return invalid('The body is not UTF-8.');
  if (text.startsWith('\uFEFF')) return invalid('The body starts with a byte order mark.');
  const value = parse(text);
  if (value === undefined) return invalid('The body is not one JSON value.');
  const fault = structureFault(text);
  if (fault) return invalid(fault);
  const stray = unstorable(value);
  return stray ? refused('invalid_json', { errors: [stray] }) : ok(value);
}

function decode(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What `JSON.parse` hides: depth, and keys that win over others. Takes valid JSON; one pass, no recursion, no regular expression. */
function structureFault(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  let last = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      last = text.slice(at, end + 1);
      at = end;
    } else if (char === '{' || char === '[') {
      if (open.push(char === '{' ? new Set() : null) > MAX_DEPTH)
        return `The body is nested deeper than ${MAX_DEPTH} levels.`;
    } else if (char === '}' || char === ']') open.pop();
    else if (char === ':') {
      const fault = keyFault(last, open.at(-1));
      if (fault) return fault;
    }
  }
  return null;
}

function keyFault(quoted: string, keys: Set<string> | null | undefined): string | null {
  const key = JSON.parse(quoted) as string;
  if (key === '__proto__') return 'A key is `__proto__`.';
  if (keys?.has(key)) return `The key ${JSON.stringify(key.slice(0, 80))} is repeated.`;
  keys?.add(key);
  return null;
}

function endOfString(text: string, start: number): number {
  let end = start;
  do end = text.indexOf('"', end + 1);
  while (backslashesBefore(text, end) % 2 === 1);
  return end;
}

function backslashesBefore(text: string, at: number): number {
  let from = at;
  while (text[from - 1] === '\\') from--;
  return at - from;
}
