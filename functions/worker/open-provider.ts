import type { Work } from '../../shared/db/rows.ts';
import type { OpenedKey, OpenResult } from '../../shared/internal/key-vault.ts';
import type { Provider, ProviderState } from '../../shared/providers/types.ts';
import { endpointOptions, sameAddress } from './custom-endpoint.ts';
import type { Adapter, WorkerDeps } from './deps.ts';

/** `missing`: there is no such key or protocol, and asking again changes nothing. `unavailable`: nobody could be asked. */
export type OpenedProvider =
  | { ok: true; provider: Provider; adapter: Adapter }
  | { ok: false; reason: 'missing' | 'unavailable'; message: string };

const DELAYS_MS = [200, 1_000];

/** The provider of an attempt, under the very key that the attempt was given. */
export async function openProvider(deps: WorkerDeps, work: Work): Promise<OpenedProvider> {
  const adapter = deps.adapter(work.provider);
  if (!adapter) return { ok: false, reason: 'missing', message: `There is no adapter for ${work.provider}.` };
  const opened = await openKey(deps, work);
  if (!opened) return { ok: false, reason: 'unavailable', message: 'The key could not be asked for.' };
  if ('missing' in opened) return { ok: false, reason: 'missing', message: opened.missing };
  const endpoint = addressFor(opened, work);
  if (endpoint === 'elsewhere')
    return { ok: false, reason: 'missing', message: 'The key was kept for another address.' };
  const provider = createProvider(deps, adapter, opened, endpoint);
  if (!provider)
    return { ok: false, reason: 'unavailable', message: 'The custom endpoint has no address that may be asked.' };
  return { ok: true, adapter, provider };
}

/** Null where the vault did not answer in three tries. */
export async function openKey(
  { keys, sleep, log }: WorkerDeps,
  { attempt_id, fence }: Pick<Work, 'attempt_id' | 'fence'>,
): Promise<OpenResult | null> {
  for (const delay of [...DELAYS_MS, null]) {
    try {
      return await keys.open({ attempt_id, fence });
    } catch (error) {
      log('warn', 'key_vault_unavailable', { attempt_id, error });
      if (delay !== null) await sleep(delay);
    }
  }
  return null;
}

/**
 * Where the attempt goes: null is the provider's own address. A key goes to the address that it was kept with and nowhere else, whatever
 * the attempt says; without a key there is nothing to lose, and the attempt decides.
 */
function addressFor({ key, config }: OpenedKey, { candidate }: Pick<Work, 'candidate'>): string | null {
  const wanted = candidate.endpoint_url ?? null;
  const kept = typeof config.endpoint_url === 'string' ? config.endpoint_url : null;
  if (key === '') return wanted;
  return wanted === null || (kept !== null && sameAddress(wanted, kept)) ? kept : 'elsewhere';
}

/** Null for a custom endpoint whose address must not be asked. */
function createProvider(
  deps: WorkerDeps,
  adapter: Adapter,
  opened: OpenedKey,
  endpoint: string | null,
): Provider | null {
  const { fetch, now, outputOrigins } = deps;
  const { key, secret, config } = opened;
  const usual = { key, secret, config, baseUrl: adapter.baseUrl, fetch, now, outputOrigins };
  if (endpoint === null) return adapter.create(usual);
  const own = endpointOptions(deps, endpoint);
  return own && adapter.create({ ...usual, ...own });
}

/** What the provider is asked about; null for a submission that was never answered. */
export function stateOf(deps: WorkerDeps, work: Work, requestId = work.request_id): ProviderState | null {
  if (work.provider_state) return work.provider_state as ProviderState;
  return requestId ? { request_id: requestId, model: work.provider_model, kind: deps.kindOf(work) } : null;
}
