import { type Context, Hono } from 'hono';
import { once } from '../../shared/async/once.ts';
import { refuse, unwrap } from '../../shared/errors/result.ts';
import { parseStrictJson } from '../../shared/http/strict-json.ts';
import { validate } from '../../shared/http/validate.ts';
import type { SignedVariables } from '../../shared/internal/signed-only.ts';
import { text } from '../../shared/schema/build.ts';
import * as z from '../../shared/schema/zod.ts';
import { deliverDue } from './deliver-due.ts';
import type { CallbackDeps } from './deps.ts';
import { runSweep } from './sweep.ts';

/** Exactly these: the verdict itself is in the database, so that a forged callback could not invent one. */
const Callback = once(() =>
  z.strictObject({
    attempt_id: text(1, 128),
    event: z.enum(['succeeded', 'failed', 'canceled']),
    fence: z.int().check(z.minimum(0)),
  }),
);

const KICK_MAX = 10;
const KICK_BUDGET_MS = 10_000;

/**
 * `POST /internal/callbacks`: an attempt has ended. 200 `{result: "applied" | "duplicate"}`; 404 for an unknown attempt; 409 where id,
 * event or fence are not the stored verdict's, and then nothing is consumed. `POST /internal/callbacks/sweep` does all that is due.
 */
export function callbackRoutes(deps: CallbackDeps) {
  return new Hono<{ Variables: SignedVariables }>()
    .post('/internal/callbacks', async (c) => {
      const { id, body } = c.var.message;
      const { attempt_id, event, fence } = unwrap(validate(Callback(), unwrap(parseStrictJson(body))));
      if (id !== `cb_${attempt_id}_${event}`)
        refuse({ code: 'conflict', detail: 'The id belongs to another message.' });
      const { result, lanes } = unwrap(await deps.db.applyCallback(id, attempt_id, event, fence));
      deps.log('info', 'callback', { attempt_id, event, fence, result });
      afterwards(c, deps, lanes);
      return c.json({ result });
    })
    .post('/internal/callbacks/sweep', async (c) => c.json(await runSweep(deps)));
}

/** Neither is lost if the isolate dies now: lanes stand in the outbox, deliveries in their table, and a sweep looks at both. */
function afterwards(c: Context, deps: CallbackDeps, lanes: string[]): void {
  const deliveries = deliverDue(deps, KICK_MAX, KICK_BUDGET_MS).catch((error) =>
    deps.log('warn', 'deliveries_left_to_the_sweep', { error }),
  );
  c.executionCtx.waitUntil(Promise.all([deps.wake(lanes), deliveries]));
}
