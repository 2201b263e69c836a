import { Hono } from 'hono';
import * as z from 'zod';
import { credentialOf } from '../../shared/auth/credential.ts';
import { AccountId, DeliveryId, JobId, WebhookEndpointId } from '../../shared/contract/ids.ts';
import { pageQuery } from '../../shared/contract/lists.ts';
import { refuse, unwrap } from '../../shared/errors/result.ts';
import { validate } from '../../shared/http/validate.ts';
import { deliverDue } from './deliver-due.ts';
import type { CallbackDeps } from './deps.ts';
import { messageOf } from './message.ts';

const DeliveryQuery = z.strictObject({
  account_id: AccountId.optional(),
  /** `webhook_url` names those that went to an address given with a job. */
  endpoint: z.union([WebhookEndpointId, z.literal('webhook_url')]).optional(),
  job: JobId.optional(),
  status: z.enum(['pending', 'delivered', 'exhausted', 'superseded', 'gone']).optional(),
  ...pageQuery(/^evt_[0-9a-f]{32}$/),
});

/** A replay is due at once, but others may be due before it. */
const REPLAY_MAX = 10;
const REPLAY_BUDGET_MS = 10_000;

/** `/v1/webhook-deliveries`: what was sent to partners and what they answered, newest first; `replay` sends one again. */
export function deliveryRoutes(deps: CallbackDeps): Hono {
  const { db, verifyUser } = deps;
  const caller = async (request: Request) => unwrap(await credentialOf(request.headers, verifyUser));
  return new Hono()
    .get('/v1/webhook-deliveries', async (c) => {
      const credential = await caller(c.req.raw);
      const filter = unwrap(validate(DeliveryQuery, c.req.query(), 'query'));
      return c.json(unwrap(await db.listDeliveries(credential, filter)));
    })
    .get('/v1/webhook-deliveries/:id', async (c) => {
      const credential = await caller(c.req.raw);
      const { body, ...delivery } = unwrap(await db.getDelivery(credential, deliveryId(c.req.param('id'))));
      return c.json({ ...delivery, body: messageOf(body ?? {}, deps.origin) });
    })
    .post('/v1/webhook-deliveries/:id/replay', async (c) => {
      const credential = await caller(c.req.raw);
      const delivery = unwrap(await db.replayDelivery(credential, deliveryId(c.req.param('id'))));
      c.executionCtx.waitUntil(deliverDue(deps, REPLAY_MAX, REPLAY_BUDGET_MS).catch(() => {}));
      return c.json(delivery, 202);
    });
}

/** An id of another form is nobody's. */
function deliveryId(text: string): string {
  const parsed = DeliveryId.safeParse(text);
  return parsed.success ? parsed.data : refuse({ code: 'not_found' });
}
