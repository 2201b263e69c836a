import { endpointOf } from '../../shared/env/provider-variables.ts';
import { checkKey } from '../../shared/providers/check-key.ts';
import type { KeyCheck } from '../../shared/providers/types.ts';
import { endpointFetch } from '../../shared/urls/endpoint-fetch.ts';
import type { Fetch } from '../../shared/urls/guarded-fetch.ts';
import type { KeysDeps } from './deps.ts';
import type { ClearKey } from './sealed-key.ts';

type TryDeps = Pick<KeysDeps, 'env' | 'fetch' | 'now' | 'origin' | 'localOrigins'>;

const LONGEST_ANSWER = 1_000_000;
const TIMEOUT_MS = 2_500;

/** One cheap call with a key: what the provider says, and how long that took. Never throws. */
export async function tryKey(
  deps: TryDeps,
  provider: string,
  { key, secret, config }: ClearKey,
): Promise<KeyCheck & { ms: number }> {
  if (key === '') return { result: 'valid', message: 'It works without a key.', ms: 0 };
  const started = deps.now();
  const own = typeof config.endpoint_url === 'string';
  const check = await checkKey(provider, {
    key,
    secret,
    config,
    baseUrl: own ? (config.endpoint_url as string) : endpointOf(deps.env, provider),
    fetch: own ? guarded(deps) : deps.fetch,
    now: deps.now,
  });
  return { ...check, ms: deps.now() - started };
}

/** An address that a user gave us is checked anew each time it is used. */
const guarded =
  ({ fetch, origin, localOrigins }: TryDeps): Fetch =>
  async (input, init) => {
    const deniedHosts = [new URL(origin).hostname];
    const limits = { maxBytes: LONGEST_ANSWER, timeoutMs: TIMEOUT_MS };
    const answer = await endpointFetch({ url: String(input), fetch, init, localOrigins, deniedHosts, ...limits });
    if (!answer.ok) throw new TypeError(`refused: ${answer.reason}`);
    return answer.response;
  };
