import { listDeliveries, replayDelivery, showDelivery } from '../../shared/contract/webhooks.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { markReplayed } from '../../shared/http/idempotency-key.ts';
import { onceOf } from '../../shared/http/once.ts';
import { type Route, route } from '../../shared/http/route.ts';
import { deliverDue } from './deliver-due.ts';
import type { CallbackDeps } from './deps.ts';
import { messageOf } from './message.ts';

/** A replay is due at once, but others may be due before it. */
const REPLAY_MAX = 10;
const REPLAY_BUDGET_MS = 10_000;

/** `/v1/webhook-deliveries`: what was sent to partners and what they answered; `replay` sends one again. */
export function deliveryRoutes(deps: CallbackDeps): Route[] {
  const { db } = deps;
  return [
    route({
      ...listDeliveries,
      handle: async ({ credential, query }, c) => c.json(unwrap(await db.listDeliveries(credential, query))),
    }),
    route({
      ...showDelivery,
      async handle({ credential, params }, c) {
        const { body, ...delivery } = unwrap(await db.getDelivery(credential, params.id));
        return c.json({ ...delivery, body: messageOf(body ?? {}, deps.origin) });
      },
    }),
    route({
      ...replayDelivery,
      async handle({ credential, params, idempotencyKey }, c) {
        const once = await onceOf(c, idempotencyKey, {});
        const { replayed, ...delivery } = unwrap(await db.replayDelivery(credential, params.id, once));
        markReplayed(c, replayed);
        c.executionCtx.waitUntil(deliverDue(deps, REPLAY_MAX, REPLAY_BUDGET_MS).catch(() => {}));
        return c.json(delivery, 202);
      },
    }),
  ];
}
