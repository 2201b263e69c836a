import { sha256Hex } from '../auth/secrets.ts';

/** JSON with every object's keys in order: equal values give equal texts. Members that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((member) => canonicalJson(member ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}

/** What an Idempotency-Key and a quote are bound to: the request as it was understood, so that spelling does not count. */
export function requestHash(method: string, path: string, body: unknown): Promise<string> {
  return sha256Hex(canonicalJson([method, path, body]));
}
