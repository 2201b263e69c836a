import type { Once } from '../../shared/db/key-service/common.ts';
import { requestHash } from '../../shared/http/request-hash.ts';
import type { AppContext } from '../../shared/http/route.ts';

/** What an Idempotency-Key is remembered with; hashing the body says nothing about a secret in it, which is random and long. */
export async function onceOf(c: AppContext, key: string | undefined, body: unknown): Promise<Once> {
  return key === undefined ? {} : { key, request_hash: await requestHash(c.req.method, c.req.path, body) };
}
