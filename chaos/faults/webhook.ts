import { answerInstead, delay, dropAfter, dropBefore, duplicate, forgeFirst, reorder } from '../acts.ts';
import { call } from '../client.ts';
import { hookAttempt, readJson } from '../evidence.ts';
import type { Act } from '../proxy.ts';
import type { Exchange } from '../wire.ts';
import type { World } from '../world.ts';
import { failAfterSuccess } from './contradict.ts';
import { type Fault, hooks, lie } from './fault.ts';

/** Between a provider and the worker, on the way back. */
export const webhookFaults: Fault[] = [
  {
    name: 'webhook-dropped',
    per200: 5,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: dropBefore }),
  },
  {
    name: 'webhook-answer-lost',
    per200: 5,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: dropAfter }),
  },
  {
    name: 'webhook-delayed',
    per200: 4,
    inject: (world, random, name) => lie(world, name, { ...WEBHOOK, act: delay(random.int(500, 7_000)) }),
  },
  {
    name: 'webhooks-reordered',
    per200: 3,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: reorder(), times: 2 }),
  },
  {
    name: '30-webhook-twenty-times-at-once',
    per200: 4,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: duplicate(20) }),
  },
  {
    name: '31-webhook-never-comes',
    per200: 6,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: answerInstead(200, {}) }),
  },
  {
    name: '33-success-after-refund',
    per200: 4,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: cancelFirst(world) }),
  },
  {
    name: '34-failure-after-success',
    per200: 3,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: failAfterSuccess(world) }),
  },
  {
    name: '35-cancel-races-completion',
    per200: 6,
    inject: (world, _r, name) => lie(world, name, { ...WEBHOOK, act: cancelMeanwhile(world) }),
  },
  {
    name: 'webhook-forged',
    per200: 4,
    inject: (world, random, name) =>
      lie(world, name, {
        ...WEBHOOK,
        act: forgeFirst(random.pick([swapBody, swapToken]), ({ path }, { status }) =>
          world.report('violations', 'a forged webhook was taken', { path, status }),
        ),
      }),
  },
];

const WEBHOOK = { seam: 'public', matches: hooks } as const;

/** Another body under the true signature. */
const swapBody = ({ body }: Exchange) => ({ body: Buffer.from(`${body}\n\n`) });
/** The true message at the address of another attempt. */
const swapToken = ({ path }: Exchange) => ({
  path: path.replace(/^(\/hooks\/[^/]+\/)[^/]+/, '$1att_00000000000070008000000000000000'),
});

const isSuccess = ({ body }: Exchange) => {
  const said = readJson(body);
  return said?.status === 'succeeded' || said?.status === 'OK';
};

/** The client cancels, is refunded, and then success is reported. */
function cancelFirst(world: World): Act {
  return async (exchange, forward, { happened, decline }) => {
    const status = isSuccess(exchange) ? await cancel(world, exchange) : undefined;
    if (status !== 'canceled') {
      decline();
      return forward();
    }
    const reply = await forward();
    if (reply.status === 200) happened();
    return reply;
  };
}

function cancelMeanwhile(world: World): Act {
  return async (exchange, forward, { happened, decline }) => {
    if (!isSuccess(exchange)) {
      decline();
      return forward();
    }
    const [reply, status] = await Promise.all([forward(), cancel(world, exchange)]);
    if (status !== undefined) happened();
    return reply;
  };
}

/** Cancels the job of a webhook as its owner; the job's status then, undefined if nobody answered. */
async function cancel({ look, accounts, stack }: World, { path }: Exchange): Promise<string | undefined> {
  const rows = await look.ask<{ job_id: string; account_id: string }>(
    'select job_id, account_id from darkroom.attempts where id = $1',
    [hookAttempt(path)],
  );
  const owner = accounts.find(({ id }) => id === rows?.[0]?.account_id);
  if (rows?.[0] === undefined || owner === undefined) return undefined;
  const request = { path: `/v1/jobs/${rows[0].job_id}/cancel`, method: 'POST', apiKey: owner.apiKey, body: {} };
  const { status, body } = await call({ origin: () => stack.file().origin }, request);
  return status === 200 ? body.status : undefined;
}
