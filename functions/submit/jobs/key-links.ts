import { findProviderInfo } from '../../../shared/catalog/providers.ts';
import type { Result } from '../../../shared/errors/result.ts';

/**
 * The same answer; but «no provider key» says what is missing in words people know, where such a key is made (`key_url`), and where the
 * setting of that operation stands (`settings_url`, whole), so that a client can lead them there.
 */
export function withKeyLinks<T>(result: Result<T>, origin: string): Result<T> {
  if (result.ok || result.refusal.code !== 'provider_key_missing') return result;
  const { provider, detail, settings_url } = result.refusal;
  const info = typeof provider === 'string' ? findProviderInfo(provider) : undefined;
  const links = {
    ...(typeof settings_url === 'string' && { settings_url: origin + settings_url }),
    ...(info && { key_url: info.key_url }),
  };
  const said = ['No API key configured', info && ` for ${info.name}`, detail && `: ${detail}`].filter(Boolean).join('');
  return { ok: false, refusal: { ...result.refusal, ...links, detail: said } };
}
