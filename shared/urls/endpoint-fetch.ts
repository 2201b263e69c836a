import { type GuardedFetchOptions, type GuardedResponse, guardedFetch } from './guarded-fetch.ts';

/** Most 303s in a row. */
const MAX_HOPS = 30;

/**
 * Asks a custom endpoint. Self-hosted models on Modal answer a run of more than 150 s with 303 to where its result will be, on the same
 * origin, and again after the next 150 s: that is followed with GET, each hop checked like the first address. Any other redirect is
 * refused. `timeoutMs` is for all hops together.
 * @see https://modal.com/docs/guide/webhook-timeouts
 */
export async function endpointFetch(options: Omit<GuardedFetchOptions, 'purpose'>): Promise<GuardedResponse> {
  const signal = AbortSignal.any([
    AbortSignal.timeout(options.timeoutMs),
    ...(options.init?.signal ? [options.init.signal] : []),
  ]);
  let { url, init = {} } = options;
  for (let hop = 0; ; hop++) {
    const answer = await guardedFetch({ ...options, url, init: { ...init, signal }, purpose: 'endpoint' });
    if (answer.ok || answer.reason !== 'redirect') return answer;
    const next = seeOther(url, answer);
    if (!next || hop >= MAX_HOPS) return answer;
    url = next;
    init = { method: 'GET', headers: withoutBody(init.headers) };
  }
}

/** The address of a 303 on the same origin; null for every other redirect. */
function seeOther(from: string, { status, location }: { status: number; location: string }): string | null {
  const to = location === '' ? null : URL.parse(location, from);
  if (status !== 303 || to?.origin !== new URL(from).origin) return null;
  to.hash = '';
  return to.href;
}

function withoutBody(headers: HeadersInit | undefined): Headers {
  const kept = new Headers(headers);
  for (const name of ['content-type', 'content-length']) kept.delete(name);
  return kept;
}
