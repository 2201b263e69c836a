import { delay, dropAfter, dropBefore, duplicate, truncate } from '../acts.ts';
import { type Fault, lie, type Matches } from './fault.ts';

/** Between clients and submit. Only what carries an Idempotency-Key may arrive twice. */
export const clientFaults: Fault[] = [
  { name: 'request-lost', per200: 5, inject: (world, _r, name) => lie(world, name, { ...REQUEST, act: dropBefore }) },
  {
    name: 'accepted-answer-lost',
    per200: 7,
    inject: (world, _r, name) => lie(world, name, { ...REQUEST, act: dropAfter }),
  },
  {
    name: 'accepted-answer-cut',
    per200: 4,
    inject: (world, _r, name) => lie(world, name, { ...REQUEST, act: truncate }),
  },
  {
    name: 'request-delayed',
    per200: 4,
    inject: (world, random, name) => lie(world, name, { ...REQUEST, act: delay(random.int(300, 3_000)) }),
  },
  {
    name: 'request-duplicated',
    per200: 5,
    inject: (world, random, name) => lie(world, name, { ...REQUEST, matches: keyed, act: duplicate(random.int(2, 4)) }),
  },
];

const posts: Matches = ({ method, path }) => method === 'POST' && /^\/v1\/(jobs|batches)$/.test(path);
const keyed: Matches = (exchange) => posts(exchange) && 'idempotency-key' in exchange.headers;

const REQUEST = { seam: 'client', matches: posts } as const;
