import { Hono } from 'hono';
import type { Work } from '../../shared/db/rows.ts';
import { refuse, unwrap } from '../../shared/errors/result.ts';
import { readBytes } from '../../shared/http/read-bytes.ts';
import type { Verdict as Said } from '../../shared/providers/types.ts';
import { usualWait } from './check-after.ts';
import { conclude } from './conclude.ts';
import type { WorkerDeps } from './deps.ts';
import { createHookSecrets } from './hook-secrets.ts';
import { openProvider, stateOf } from './open-provider.ts';
import { persist } from './persist.ts';
import { type VerifiedHook, verifyPath, verifyVendor } from './verify-hook.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const AGAIN_SECONDS = 5;

/** Whom each key's webhooks come from, at vendors that sign for all their customers alike. */
type Pins = Map<string, string>;

/**
 * `POST /hooks/:provider/:attempt/:token?fence=`: a provider reports. The token, then the vendor's signature; only then is the database
 * asked. 200 whatever it changes (nothing, if the work goes on or has ended before), 401 for what is not signed, 503 to be sent again.
 */
export function hookRoutes(deps: WorkerDeps): Hono {
  const hookSecrets = createHookSecrets(deps);
  const pins: Pins = new Map();
  return new Hono().post('/hooks/:provider/:attempt/:token', async (c) => {
    const { provider, attempt: attemptId, token } = c.req.param();
    const path = { provider, attemptId, token, fence: c.req.query('fence') ?? '' };
    const found = await verifyPath(deps, path);
    const body = await readBytes(c.req.raw, MAX_BODY_BYTES);
    if (!body) return refuse({ code: 'payload_too_large', limit_bytes: MAX_BODY_BYTES });
    const hook = await verifyVendor(deps, hookSecrets, found, { ...path, headers: c.req.raw.headers, body });
    if (hook.outcome.status === 'pending') return c.json({ result: 'pending' });
    const { work, leased } = unwrap(await deps.db.openVerdict(attemptId));
    if (!leased) return c.json({ result: 'ignored' });
    const result = await answer(deps, pins, work, hook);
    if (result === 'postponed') return refuse({ code: 'unavailable' });
    return c.json({ result });
  });
}

/** Ends the attempt by what the webhook says or, where that is not to be trusted, by what the provider says when asked. */
async function answer(deps: WorkerDeps, pins: Pins, work: Work, hook: VerifiedHook) {
  const outcome = (await trusted(deps, pins, work, hook)) ?? (await confirmed(deps, pins, work, hook));
  if (outcome.status === 'pending' || outcome.status === 'ambiguous') {
    await deps.db.releaseVerdict(work.attempt_id, work.fence, Math.min(usualWait(deps, work), AGAIN_SECONDS));
    return 'pending' as const;
  }
  return conclude(deps, work, outcome);
}

/** The webhook's own word: about the request that is the attempt's, and from the customer whose key it is. Else null. */
async function trusted({ kindOf }: WorkerDeps, pins: Pins, work: Work, hook: VerifiedHook): Promise<Said | null> {
  if (!work.request_id) return null;
  if (hook.userId !== undefined && pins.get(hook.keyName) !== hook.userId) return null;
  const read = await hook.again({ kind: kindOf(work), requestId: work.request_id });
  return read.ok && read.outcome.status !== 'ambiguous' ? read.outcome : null;
}

/**
 * What the provider says of the task. An attempt whose submission was never answered takes over the webhook's request id, once the
 * provider knows such a task under the attempt's key.
 */
async function confirmed(deps: WorkerDeps, pins: Pins, work: Work, hook: VerifiedHook): Promise<Said> {
  const state = stateOf(deps, work, work.request_id ?? hook.requestId);
  const opened = await openProvider(deps, work);
  if (!state || !opened.ok) return { status: 'ambiguous', message: 'The provider could not be asked.' };
  const outcome = await opened.provider.status(state);
  if (outcome.status === 'ambiguous') return outcome;
  if (!work.request_id) await adopt(deps, work, state);
  const own = state.request_id === hook.requestId;
  if (own && hook.userId !== undefined && !pins.has(hook.keyName)) pins.set(hook.keyName, hook.userId);
  return outcome;
}

async function adopt(deps: WorkerDeps, work: Work, state: { request_id: string }): Promise<void> {
  const { attempt_id, fence } = work;
  const submission = {
    outcome: 'submitted',
    request_id: state.request_id,
    state,
    check_after_seconds: AGAIN_SECONDS,
  } as const;
  await persist(deps.sleep, () => deps.db.recordSubmission(attempt_id, fence, submission));
}
