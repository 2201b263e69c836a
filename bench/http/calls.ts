import { setTimeout as sleep } from 'node:timers/promises';
import type { Seen } from '../../test/seam.ts';
import type { BenchStack, Service } from './stack.ts';

export type Call = { service: Service; name: string; seen: Seen };

/** Wake-ups are published beside the answer: they may still be on their way when it is here. */
const AFTERWARDS_MS = 250;

/**
 * What went through the seams while something was done and right after it, in order. Sweeps are no part of a job: cron runs them once a
 * minute anyway.
 */
export async function recordCalls<T>(
  { seams }: BenchStack,
  act: () => Promise<T>,
): Promise<{ result: T; calls: Call[] }> {
  const begin = performance.now();
  const result = await act();
  await sleep(AFTERWARDS_MS);
  const end = performance.now();
  const services = Object.keys(seams) as Service[];
  const calls = services
    .flatMap((service) => seams[service].seen.map((seen) => ({ service, name: nameOf(seen), seen })))
    .filter(({ seen }) => seen.at >= begin && seen.at <= end && !seen.path.endsWith('/sweep'))
    .toSorted((one, two) => one.seen.at - two.seen.at);
  return { result, calls };
}

/** `/rest/v1/rpc/accept` → `accept`; `/v2/publish/http://…` → `publish`; `/hooks/…` → `hooks`; `/v1_1/…/image/upload` → `upload`. */
const nameOf = ({ path }: Seen) =>
  /^\/v1_1\/.*\/(\w+)$/.exec(path)?.[1] ??
  /^\/(?:rest\/v1\/rpc|v2|v1|internal)\/([\w.]+)/.exec(path)?.[1] ??
  /^\/([\w.]*)/.exec(path)?.[1] ??
  path;

/** Made by the Worker while it held the request: not what others did at the same time. */
export const of = (calls: Call[], service: Service) => calls.filter((call) => call.service === service);

/** The database role of a call; undefined for one without a token. */
export function roleOf({ headers }: Seen): string | undefined {
  const claims = headers.authorization?.split('.')[1];
  return claims && JSON.parse(Buffer.from(claims, 'base64url').toString()).role;
}

const OF_THE_CONNECTION = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];

/** The headers of a call that is made again. */
export function sentOn({ headers }: Seen): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.includes(name));
  return Object.fromEntries(kept) as Record<string, string>;
}
