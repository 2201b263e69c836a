import { delay, dropAfter, dropBefore, duplicate, forgeFirst, reorder } from '../acts.ts';
import type { Exchange } from '../wire.ts';
import { callbacks, type Fault, lie } from './fault.ts';

/** Between worker and callback. */
export const callbackFaults: Fault[] = [
  { name: 'callback-lost', per200: 7, inject: (world, _r, name) => lie(world, name, { ...CALLBACK, act: dropBefore }) },
  {
    name: 'callback-answer-lost',
    per200: 5,
    inject: (world, _r, name) => lie(world, name, { ...CALLBACK, act: dropAfter }),
  },
  {
    name: 'callback-delayed',
    per200: 4,
    inject: (world, random, name) => lie(world, name, { ...CALLBACK, act: delay(random.int(500, 8_000)) }),
  },
  {
    name: 'callback-duplicated',
    per200: 5,
    inject: (world, random, name) => lie(world, name, { ...CALLBACK, act: duplicate(random.int(2, 10)) }),
  },
  {
    name: 'callbacks-reordered',
    per200: 3,
    inject: (world, _r, name) => lie(world, name, { ...CALLBACK, act: reorder(), times: 2 }),
  },
  {
    name: 'callback-forged',
    per200: 4,
    inject: (world, random, name) =>
      lie(world, name, {
        ...CALLBACK,
        act: forgeFirst(random.pick([swapEvent, swapSignature, swapId]), ({ path }, { status }) =>
          world.report('violations', 'a forged callback was taken', { path, status }),
        ),
      }),
  },
];

const CALLBACK = { seam: 'public', matches: callbacks } as const;

const swapEvent = ({ body }: Exchange) => ({
  body: Buffer.from(
    body
      .toString()
      .replace(/"(failed|canceled)"/, '"succeeded"')
      .replace(/"fence":/, '"fence": '),
  ),
});
const swapSignature = ({ headers }: Exchange) => ({
  headers: { ...headers, 'webhook-signature': 'v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
});
const swapId = ({ headers }: Exchange) => ({
  headers: { ...headers, 'webhook-id': 'cb_att_00000000000070008000000000000000_succeeded' },
});
