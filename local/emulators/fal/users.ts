import { fingerprint } from '../support/keys.ts';

/** The user id that webhooks name, always the same for one key: `github|` and digits. */
export const userOf = (key: string) => `github|${BigInt(`0x${fingerprint(key).slice(0, 12)}`)}`;

/** The key of an `Authorization` header, or why there is none. */
export function readKey(header: string | undefined): { key: string } | { problem: 'missing' | 'malformed' } {
  if (header === undefined) return { problem: 'missing' };
  const key = /^Key ([^:\s]+:[^:\s]+)$/.exec(header)?.[1];
  return key === undefined ? { problem: 'malformed' } : { key };
}
