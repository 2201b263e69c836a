import { refuse } from '../../shared/errors/result.ts';
import type { AppContext } from '../../shared/http/route.ts';

/** A strong validator: the version, which is never given twice. */
export const etagOf = ({ version }: { version: number }) => `"${version}"`;

/**
 * The version that a change is meant for: 0 for «nothing yet» (`If-None-Match: *`, `If-Match: "0"`), null for whatever is there (no
 * header, `*`). What no version of ours looks like matches none: 412.
 */
export function ifMatchOf(c: AppContext): number | null {
  const match = c.req.header('if-match')?.trim();
  if (match === undefined) return c.req.header('if-none-match')?.trim() === '*' ? 0 : null;
  if (match === '*') return null;
  const [, version] = /^"(\d{1,15})"$/.exec(match) ?? [];
  return version === undefined ? refuse({ code: 'precondition_failed' }) : Number(version);
}
