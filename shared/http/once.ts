import type { Once } from '../db/common.ts';
import { requestHash } from './request-hash.ts';
import type { AppContext } from './route.ts';

/** What an Idempotency-Key is remembered with; hashing the body says nothing about a secret in it, which is random and long. */
export async function onceOf(c: AppContext, key: string | undefined, body: unknown): Promise<Once> {
  return key === undefined ? {} : { key, request_hash: await requestHash(c.req.method, c.req.path, body) };
}
