import { findProviderInfo } from '../../../shared/catalog/providers.ts';
import type { Result } from '../../../shared/errors/result.ts';

/**
 * The same answer; but «no provider key» says in a sentence what is missing, where such a key is made (`key_url`), and where settings of
 * that operation are (`settings_url`), so that a client can lead people there.
 */
export function withKeyLinks<T>(result: Result<T>, origin: string): Result<T> {
  if (result.ok || result.refusal.code !== 'provider_key_missing') return result;
  const { provider, operation } = result.refusal;
  const info = typeof provider === 'string' ? findProviderInfo(provider) : undefined;
  const settings_url = `${origin}/v1/provider-settings/user/me/${operation ?? 'image'}`;
  const detail = `No API key configured: ${operation ?? 'this'} work needs one for ${info?.name ?? provider}. Add it with POST /v1/provider-keys, or allow other routes.`;
  return { ok: false, refusal: { ...result.refusal, detail, settings_url, ...(info && { key_url: info.key_url }) } };
}
