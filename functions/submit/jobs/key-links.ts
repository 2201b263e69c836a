import { findProviderInfo } from '../../../shared/catalog/providers.ts';
import type { Refusal, Result } from '../../../shared/errors/result.ts';

/**
 * The same answer; but «no provider key» says what is missing in words people know, where such a key is made (`key_url`), and where the
 * setting of that operation stands (`settings_url`, whole), so that a client can lead them there.
 */
export function withKeyLinks<T>(result: Result<T>, origin: string): Result<T> {
  if (result.ok || result.refusal.code !== 'provider_key_missing') return result;
  const { provider, settings_url } = result.refusal;
  const info = typeof provider === 'string' ? findProviderInfo(provider) : undefined;
  const links = {
    ...(typeof settings_url === 'string' && { settings_url: origin + settings_url }),
    ...(info && { key_url: info.key_url }),
  };
  return { ok: false, refusal: { ...result.refusal, ...links, detail: sentence(result.refusal, info?.name) } };
}

/** Said once: that there is no usable key is what the sentence begins with, so only another reason follows it. */
function sentence({ provider, operation, reason }: Refusal, name: string | undefined): string {
  const other = typeof reason === 'string' && !reason.startsWith('no usable key') ? `: ${reason}` : '';
  const needed = typeof operation === 'string' ? `, and ${operation} needs one` : '';
  const whose = name ?? (typeof provider === 'string' ? provider : '');
  return `No API key configured${whose && ` for ${whose}`}${needed}${other}.`;
}
