import { setTimeout as sleep } from 'node:timers/promises';
import { signedHeaders } from '../../shared/signatures/standard-webhooks.ts';

const EVERY_MS = 1000;

/** Posts to an internal route, signed as the Workers sign among themselves. */
export async function postSigned(url: string, secret: string, id: string, body = '{}'): Promise<Response> {
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = await signedHeaders({ id, timestamp, body, secret });
  return fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(30_000),
  });
}

/** Runs all sweeps once a second: the cron triggers' work, whose floor in production is a minute. Never two at once. */
export function startSweeps(url: string, secret: string, onTrouble: (what: string) => void): { stop: () => void } {
  const stopped = new AbortController();
  const once = async () => {
    const response = await postSigned(url, secret, `sweep_${Date.now()}`);
    const text = await response.text();
    if (!response.ok) onTrouble(`sweep: ${response.status} ${text.slice(0, 300)}`);
  };
  const run = async () => {
    while (!stopped.signal.aborted) {
      await once().catch((error: unknown) => onTrouble(`sweep: ${error}`));
      await sleep(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  void run();
  return { stop: () => stopped.abort() };
}
