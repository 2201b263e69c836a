import { Hono } from 'hono';
import { once } from '../../shared/async/once.ts';
import { refuse, unwrap } from '../../shared/errors/result.ts';
import { readBytes } from '../../shared/http/read-bytes.ts';
import { parseStrictJson } from '../../shared/http/strict-json.ts';
import { validate } from '../../shared/http/validate.ts';
import { text } from '../../shared/schema/build.ts';
import * as z from '../../shared/schema/zod.ts';
import { verifyQStash } from '../../shared/signatures/qstash.ts';
import { announce } from './announce.ts';
import type { WorkerDeps } from './deps.ts';
import { cancelAttempt } from './poll-attempt.ts';
import { runAttempt } from './run-attempt.ts';

const WakeUp = once(() => z.strictObject({ lane: text(1, 256) }));

const MAX_BODY_BYTES = 4_096;
const ATTEMPTS_AT_ONCE = 5;

/**
 * `POST /internal/wake` `{lane}`, from QStash and nobody else: looks whether that lane has work, and does a handful of it. Answered when
 * all of it is recorded. The same wake-up again finds nothing or other work.
 */
export function wakeRoutes(deps: WorkerDeps): Hono {
  return new Hono().post('/internal/wake', async (c) => {
    const body = await readBytes(c.req.raw, MAX_BODY_BYTES);
    const jwt = c.req.header('upstash-signature') ?? null;
    const url = `${deps.origin}/internal/wake`;
    const verified = body && (await verifyQStash({ jwt, body, url, ...deps.qstash, now: deps.now() }));
    if (!body || !verified?.ok)
      return refuse({ code: 'unauthenticated', detail: 'This address takes wake-ups of the queue only.' });
    const { lane } = unwrap(validate(WakeUp(), unwrap(parseStrictJson(body))));
    return c.json(await runLane(deps, lane));
  });
}

/** Hands the lane on before working: whoever waits behind a slow provider has another Worker at once. */
export async function runLane(deps: WorkerDeps, lane: string): Promise<{ attempts: number }> {
  const { attempts, ended, cancels, lanes } = unwrap(await deps.db.claim(lane, ATTEMPTS_AT_ONCE));
  const work = [
    deps.wake(lanes),
    ...attempts.map((attempt) => runAttempt(deps, attempt)),
    ...ended.map((one) => announce(deps, one)),
    ...cancels.map((attempt) => cancelAttempt(deps, attempt)),
  ];
  const failure = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return { attempts: attempts.length };
}
