import { answerAfter, answerInstead, answerLate, dropAfter, dropBefore, rewrite } from '../acts.ts';
import { readJson, submittedAttempt } from '../evidence.ts';
import type { Reply } from '../wire.ts';
import { control, type Fault, lie, someProvider, submissions } from './fault.ts';

const PAGE = '<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>';

/** Between the worker and a provider. A submission is never duplicated on the way: no network does that to a POST. */
export const providerFaults: Fault[] = [
  {
    name: 'submission-lost',
    per200: 2,
    inject: (world, random, name) =>
      lie(world, name, { seam: someProvider(random), matches: submissions, act: dropBefore }),
  },
  {
    name: '26-submitted-connection-reset',
    per200: 5,
    inject: (world, random, name) =>
      lie(world, name, { seam: someProvider(random), matches: submissions, act: dropAfter }),
  },
  {
    name: '27-submitted-502',
    per200: 4,
    inject: (world, random, name) =>
      lie(world, name, { seam: someProvider(random), matches: submissions, act: answerAfter(502, PAGE) }),
  },
  {
    name: '28-provider-429',
    per200: 2,
    inject: (world, random, name) =>
      lie(world, name, {
        seam: someProvider(random),
        matches: submissions,
        act: answerInstead(429, { detail: 'Request was throttled.', status: 429 }, { 'retry-after': '1' }),
      }),
  },
  {
    name: '29-webhook-before-the-answer',
    per200: 5,
    inject: (world, random, name) =>
      lie(world, name, {
        seam: someProvider(random),
        matches: submissions,
        act: answerLate(4_000, (exchange) => world.evidence.hook(submittedAttempt(exchange) ?? '')),
      }),
  },
  {
    name: '32-processing-after-success',
    per200: 5,
    inject: (world, random, name) =>
      lie(world, name, {
        seam: someProvider(random),
        matches: ({ method, path }) => method === 'GET' && /\/(predictions|requests)\//.test(path),
        act: rewrite(stillProcessing),
      }),
  },
  {
    name: '36-gateway-request-id-differs',
    per200: 4,
    inject: (world, _random, name) =>
      lie(world, name, {
        seam: 'fal',
        matches: submissions,
        act: rewrite((reply) => {
          const body = readJson(reply.body);
          return body?.gateway_request_id && { ...body, gateway_request_id: '00000000-0000-4000-8000-000000000001' };
        }),
      }),
  },
  {
    // Counted where storage says that there is nothing.
    name: '38-output-expired',
    per200: 3,
    inject: (world, random) => control(world, someProvider(random), { fault: 'expired', times: 1 }),
  },
];

/** A poll that lags behind: what has succeeded is said to be running. */
function stillProcessing(reply: Reply): unknown {
  const body = readJson(reply.body);
  if (body?.status === 'succeeded') return { ...body, status: 'processing', output: null, completed_at: null };
  return body?.status === 'COMPLETED' ? { ...body, status: 'IN_PROGRESS' } : undefined;
}
