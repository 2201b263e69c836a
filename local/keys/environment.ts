import { environmentKey, environmentKeys } from '../../functions/keys/environment-keys.ts';
import { last4 } from '../../functions/keys/fingerprint.ts';
import { customEndpoints, endpointOf } from '../../shared/env/provider-variables.ts';
import { checkKey } from '../../shared/providers/check-key.ts';
import type { TriedKey } from './table.ts';

type Environment = Record<string, string | undefined>;

/** Tries every key that stands in these variables for one of the providers. */
export function tryEnvironment(env: Environment, providers: string[]): Promise<TriedKey[]> {
  const keys = environmentKeys(env).filter(({ provider, key }) => key !== '' && providers.includes(provider));
  return Promise.all(keys.map(({ provider, envName }) => tryOne(env, provider, envName)));
}

async function tryOne(env: Environment, provider: string, envName: string): Promise<TriedKey> {
  const { key, secret } = environmentKey(env, provider, envName) as { key: string; secret?: string };
  const started = performance.now();
  const config = { endpoint_url: Object.values(customEndpoints(env))[0] };
  const check = await checkKey(provider, {
    key,
    secret,
    config,
    baseUrl: endpointOf(env, provider),
    fetch,
    now: Date.now,
  });
  return { ...check, provider, where: envName, last4: last4(key), ms: Math.round(performance.now() - started) };
}
