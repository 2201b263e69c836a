import type { ProviderOptions } from '../../shared/providers/types.ts';
import { endpointFetch } from '../../shared/urls/endpoint-fetch.ts';
import { checkUrl } from '../../shared/urls/guard.ts';
import type { WorkerDeps } from './deps.ts';

type EndpointDeps = Pick<WorkerDeps, 'fetch' | 'origin' | 'outputOrigins'>;

const MAX_BYTES = 24 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** Whether two URLs are one address: origin and path. */
export function sameAddress(one: string, other: string): boolean {
  const address = ({ origin, pathname }: URL) => origin + pathname.replace(/\/+$/, '');
  const [a, b] = [URL.parse(one), URL.parse(other)];
  return a !== null && b !== null && address(a) === address(b);
}

/**
 * Somebody's own endpoint in the place of a provider's: its address is checked at each use and before anything is sent, its redirects are
 * followed on its own origin only, and outputs may come from there. Null for an address that must not be asked.
 */
export function endpointOptions(
  { fetch, origin, outputOrigins }: EndpointDeps,
  url: string,
): Pick<ProviderOptions, 'baseUrl' | 'fetch' | 'outputOrigins'> | null {
  const guard = { localOrigins: outputOrigins, deniedHosts: [new URL(origin).hostname] };
  const checked = checkUrl(url, { purpose: 'endpoint', ...guard });
  if (!checked.ok) return null;
  return {
    baseUrl: url.replace(/\/+$/, ''),
    outputOrigins: [...outputOrigins, checked.url.origin],
    async fetch(input, init) {
      const limits = { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS };
      const answer = await endpointFetch({ url: String(input), init, fetch, ...guard, ...limits });
      if (!answer.ok) throw new TypeError(`the endpoint: ${answer.reason}`);
      return answer.response;
    },
  };
}
