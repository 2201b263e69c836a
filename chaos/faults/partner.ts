import { answerAfter, answerInstead, dropAfter, dropBefore, duplicate, hang, reply } from '../acts.ts';
import { FOLLOWED, readJson } from '../evidence.ts';
import type { Act } from '../proxy.ts';
import type { World } from '../world.ts';
import { type Fault, lie } from './fault.ts';

/** Between callback and a partner. */
export const partnerFaults: Fault[] = [
  { name: 'delivery-lost', per200: 4, inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: dropBefore }) },
  {
    name: 'delivery-answer-lost',
    per200: 4,
    inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: dropAfter }),
  },
  {
    name: 'delivery-duplicated',
    per200: 3,
    inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: duplicate(2) }),
  },
  {
    name: 'delivery-refused',
    per200: 4,
    inject: (world, random, name) =>
      lie(world, name, { ...DELIVERY, act: answerInstead(random.pick([400, 500, 503]), {}, { 'retry-after': '1' }) }),
  },
  {
    name: '51-partner-hangs',
    per200: 1,
    window: [0.03, 0.5],
    inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: hang(16_000) }),
  },
  { name: '52-partner-drips', per200: 1, inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: drip }) },
  {
    name: '53-partner-redirects-inward',
    per200: 3,
    inject: (world, _r, name) => {
      const location = `${world.seams.public.origin}${FOLLOWED}`;
      lie(world, name, { ...DELIVERY, act: answerInstead(302, {}, { location }) });
    },
  },
  {
    name: '54-partner-gone',
    per200: 2,
    inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: gone(world) }),
  },
  {
    name: '55-partner-huge-answer',
    per200: 2,
    inject: (world, _r, name) => lie(world, name, { ...DELIVERY, act: answerAfter(200, 'x'.repeat(8_000_000)) }),
  },
];

const DELIVERY = { seam: 'inbox', matches: () => true } as const;

/** Received, but the answer takes two seconds, byte by byte. */
const drip: Act = async (_exchange, forward, { happened }) => {
  const answer = await forward();
  happened();
  return { drip: answer, everyMs: Math.ceil(2_000 / Math.max(1, answer.body.length)) };
};

/** Whoever wants no more gets no more: the oracle has to know. */
function gone({ evidence }: World): Act {
  return async ({ body }, _forward, { happened }) => {
    evidence.gone.add(String(readJson(body)?.data?.id));
    happened();
    return reply(410, {});
  };
}
