import type { AppContext } from '../../../shared/http/route.ts';

/**
 * Lets work outlive the answer where the runtime can; `work` must not reject. For what may be lost only, as wake-ups may (the sweep finds
 * them in the outbox): it is cut after 30 s.
 */
export function inBackground(c: AppContext, work: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // No execution context outside of a Worker: the promise runs on by itself.
  }
}
